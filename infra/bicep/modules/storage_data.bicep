metadata description = 'Storage of what the pixel keeps: captured events, and the store with spill, ledger and reports.'

param name string
param location string
param tags object
param isPrivate bool
param workspaceId string
param redundancy string
param retentionDays int
param archiveAfterDays int

var coolAfterDays = 30
var rejectedDays = 30
var cool = retentionDays > coolAfterDays ? { tierToCool: { daysAfterModificationGreaterThan: coolAfterDays } } : {}
var archive = archiveAfterDays > 0 && archiveAfterDays < retentionDays
  ? { tierToArchive: { daysAfterModificationGreaterThan: archiveAfterDays } }
  : {}
var expire = { delete: { daysAfterModificationGreaterThan: retentionDays } }
var expireRejected = { delete: { daysAfterModificationGreaterThan: min(rejectedDays, retentionDays) } }

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: redundancy }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    // Event Hubs Capture is one of the services that "AzureServices" lets through.
    networkAcls: { bypass: 'AzureServices', defaultAction: isPrivate ? 'Deny' : 'Allow' }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    // What is deleted, by hand or by law, is gone a week later.
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

resource capture 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: 'capture'
  properties: { publicAccess: 'None' }
}

resource store 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: 'pixel'
  properties: { publicAccess: 'None' }
}

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'captured-events'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['${capture.name}/'] }
            actions: { baseBlob: union(cool, archive, expire) }
          }
        }
        {
          // What is spilled is sent on within minutes; what is still there after all this time nobody will send.
          name: 'spill-poison-and-ledger'
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['appendBlob', 'blockBlob']
              prefixMatch: ['${store.name}/spill/', '${store.name}/poison/', '${store.name}/replay/', '${store.name}/ledger/']
            }
            actions: { baseBlob: expire }
          }
        }
        {
          name: 'rejected'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['appendBlob', 'blockBlob'], prefixMatch: ['${store.name}/rejected/'] }
            actions: { baseBlob: expireRejected }
          }
        }
      ]
    }
  }
}

// Writes are few (a row a minute, a file per partition and five minutes), and alerts are made of them.
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: blobs
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageWrite', enabled: true }, { category: 'StorageDelete', enabled: true }]
  }
}

output id string = account.id
output name string = account.name
output captureUrl string = '${account.properties.primaryEndpoints.blob}${capture.name}'
output storeUrl string = '${account.properties.primaryEndpoints.blob}${store.name}'
