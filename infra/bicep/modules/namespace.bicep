metadata description = 'An Event Hubs namespace of our own: Standard, more units by itself when needed, no keys.'

param name string
param location string
param tags object
param throughputUnits int
param maximumThroughputUnits int
param isPrivate bool
param captureIdentityId string
param workspaceId string

var inflates = maximumThroughputUnits > throughputUnits

resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Standard', capacity: throughputUnits }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${captureIdentityId}': {} }
  }
  properties: {
    isAutoInflateEnabled: inflates
    maximumThroughputUnits: inflates ? maximumThroughputUnits : 0
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: namespace
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'ArchiveLogs', enabled: true }
      { category: 'AutoScaleLogs', enabled: true }
      { category: 'OperationalLogs', enabled: true }
    ]
  }
}

output id string = namespace.id
