metadata description = 'Edge mode: Front Door answers hits with a cached image, and its access log is what tells of them. Guide: docs/edge.md'

param name string
param location string
param tags object
@description('What ends the names that must be one of their kind in all of Azure.')
param suffix string
param imageAccount string
param retentionHours int
param partitions int
param throughputUnits int
param maximumThroughputUnits int
param receiverPrincipalId string
@description('Subnet of the app, which then alone may read the hub. Empty: whoever has a token for it.')
param subnetId string
param workspaceId string
@description('Host name of its own. Empty: only the name that Front Door gives.')
param hostName string
@description('PIXEL_PATH: one more path that answers as /pix. Empty: none.')
param extraPath string

// As the app reads it: one slash before, none after.
var begun = startsWith(trim(extraPath), '/') ? skip(trim(extraPath), 1) : trim(extraPath)
var own = endsWith(begun, '/') ? take(begun, length(begun) - 1) : begun
var paths = concat(['/pix', '/pix.gif'], empty(own) ? [] : ['/${own}'])

module edgeImage 'edge_image.bicep' = {
  params: { name: imageAccount, location: location, tags: tags, workspaceId: workspaceId }
}

module edgeHub 'edge_hub.bicep' = {
  params: {
    namespaceName: 'evhns-${name}-edge-${suffix}'
    location: location
    tags: tags
    retentionHours: retentionHours
    partitions: partitions
    throughputUnits: throughputUnits
    maximumThroughputUnits: maximumThroughputUnits
    receiverPrincipalId: receiverPrincipalId
    subnetId: subnetId
    workspaceId: workspaceId
  }
}

resource profile 'Microsoft.Cdn/profiles@2025-06-01' = {
  name: 'afd-${name}'
  location: 'global'
  tags: tags
  sku: { name: 'Standard_AzureFrontDoor' }
}

module edgeRules 'edge_rules.bicep' = {
  params: { profileName: profile.name, image: edgeImage.outputs.path }
}

resource endpoint 'Microsoft.Cdn/profiles/afdEndpoints@2025-06-01' = {
  parent: profile
  name: 'fde-${name}-${suffix}'
  location: 'global'
  tags: tags
  properties: { enabledState: 'Enabled' }
}

resource origins 'Microsoft.Cdn/profiles/originGroups@2025-06-01' = {
  parent: profile
  name: 'image'
  properties: {
    // No health probe: there is no other origin to go to.
    loadBalancingSettings: { sampleSize: 4, successfulSamplesRequired: 3, additionalLatencyInMilliseconds: 50 }
  }
}

resource origin 'Microsoft.Cdn/profiles/originGroups/origins@2025-06-01' = {
  parent: origins
  name: 'storage'
  properties: {
    hostName: edgeImage.outputs.host
    originHostHeader: edgeImage.outputs.host
    httpsPort: 443
    enforceCertificateNameCheck: true
    enabledState: 'Enabled'
  }
}

resource domain 'Microsoft.Cdn/profiles/customDomains@2025-06-01' = if (!empty(hostName)) {
  parent: profile
  name: replace(hostName, '.', '-')
  properties: {
    hostName: hostName
    tlsSettings: { certificateType: 'ManagedCertificate', minimumTlsVersion: 'TLS12' }
  }
}

resource route 'Microsoft.Cdn/profiles/afdEndpoints/routes@2025-06-01' = {
  parent: endpoint
  name: 'pixel'
  properties: {
    originGroup: { id: origins.id }
    ruleSets: [{ id: edgeRules.outputs.id }]
    customDomains: empty(hostName) ? [] : [{ id: domain!.id }]
    linkToDefaultDomain: 'Enabled'
    patternsToMatch: paths
    // As the app does: who comes by http is sent to https, and counted there.
    supportedProtocols: ['Http', 'Https']
    httpsRedirect: 'Enabled'
    forwardingProtocol: 'HttpsOnly'
    cacheConfiguration: { queryStringCachingBehavior: 'IgnoreQueryString' }
    enabledState: 'Enabled'
  }
  dependsOn: [origin] // Azure refuses a route to a group that has no origin yet
}

// Full addresses are in it: to the hub, and nowhere else. Diagnostic settings can use a key only, never an identity.
resource accessLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'hits'
  scope: profile
  properties: {
    eventHubAuthorizationRuleId: edgeHub.outputs.writerRuleId
    eventHubName: edgeHub.outputs.name
    logs: [{ category: 'FrontDoorAccessLog', enabled: true }]
  }
}

output url string = 'https://${empty(hostName) ? endpoint.properties.hostName : hostName}'
output imageAccount string = imageAccount
// An approved domain may have no token any more.
output domainToken string = empty(hostName) ? '' : (domain!.properties.?validationProperties.?validationToken ?? '')
output hubNamespace string = edgeHub.outputs.namespaceHost
output hubName string = edgeHub.outputs.name
output namespaceId string = edgeHub.outputs.namespaceId
