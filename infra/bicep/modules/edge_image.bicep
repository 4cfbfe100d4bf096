metadata description = 'Storage of the one image of edge mode. Anybody may read it, and there is nothing else in it.'

param name string
param location string
param tags object
param workspaceId string

// Who deploys uploads the image next (infra/edge_image.sh).
var contributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    // Of its website only: that is public by nature, and can be read, never listed nor written.
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    // Also with private networking: Front Door reaches a private account in its Premium tier only.
    publicNetworkAccess: 'Enabled'
    networkAcls: { bypass: 'None', defaultAction: 'Allow' }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-08-01' = {
  parent: account
  name: 'default'
  properties: {
    staticWebsite: { enabled: true }
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

resource website 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: '$web'
  properties: { publicAccess: 'None' }
}

resource uploader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(website.id, deployer().objectId, contributor)
  scope: website
  properties: { roleDefinitionId: contributor, principalId: deployer().objectId }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: blobs
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageWrite', enabled: true }, { category: 'StorageDelete', enabled: true }]
  }
}

output path string = '/pixel.gif'
output host string = replace(replace(account.properties.primaryEndpoints.web, 'https://', ''), '/', '')
