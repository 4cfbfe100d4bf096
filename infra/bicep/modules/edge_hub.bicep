metadata description = 'The hub that Front Door\'s access log goes to. Full addresses of visitors are in it, for as short as can be.'

param namespaceName string
param location string
param tags object
param retentionHours int
param partitions int
param throughputUnits int
param maximumThroughputUnits int
param receiverPrincipalId string
@description('Subnet that alone may read, beside the service that writes. Empty: whoever has a token.')
param subnetId string
param workspaceId string

var dataReceiver = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde')
var inflates = maximumThroughputUnits > throughputUnits
var isPrivate = !empty(subnetId)

// A namespace of its own, since it is the one place where keys work: diagnostic settings know no identity.
// https://learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings#destination-limitations
resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' = {
  name: namespaceName
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Standard', capacity: throughputUnits }
  properties: {
    isAutoInflateEnabled: inflates
    maximumThroughputUnits: inflates ? maximumThroughputUnits : 0
    disableLocalAuth: false
    minimumTlsVersion: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

// The service that writes comes from outside, as a trusted one. "Deny" works only where at least one rule allows.
// It is there without private networking too: so that is switched off again when it is no longer wanted.
resource firewall 'Microsoft.EventHub/namespaces/networkRuleSets@2024-01-01' = {
  parent: namespace
  name: 'default'
  properties: {
    publicNetworkAccess: 'Enabled'
    defaultAction: isPrivate ? 'Deny' : 'Allow'
    trustedServiceAccessEnabled: true
    virtualNetworkRules: isPrivate ? [{ subnet: { id: subnetId }, ignoreMissingVnetServiceEndpoint: false }] : []
  }
}

// Azure wants all three rights, of the whole namespace, to write to a hub of it. Its key is read by Azure only.
resource writer 'Microsoft.EventHub/namespaces/authorizationRules@2024-01-01' = {
  parent: namespace
  name: 'access-log'
  properties: { rights: ['Manage', 'Send', 'Listen'] }
}

resource hub 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' = {
  parent: namespace
  name: 'pixel-edge'
  properties: {
    partitionCount: partitions
    retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: retentionHours }
  }
}

resource receiver 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(hub.id, receiverPrincipalId, dataReceiver)
  scope: hub
  properties: { roleDefinitionId: dataReceiver, principalId: receiverPrincipalId, principalType: 'ServicePrincipal' }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: namespace
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'AutoScaleLogs', enabled: true }, { category: 'OperationalLogs', enabled: true }]
  }
}

output namespaceId string = namespace.id
output namespaceHost string = '${namespaceName}.servicebus.windows.net'
output name string = hub.name
output writerRuleId string = writer.id
