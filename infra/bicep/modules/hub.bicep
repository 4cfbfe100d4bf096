metadata description = 'The hub: Capture to Blob by identity, a consumer group for each reader, and the role to send.'

param namespaceName string
param name string
param partitions int
param retentionDays int
param consumerGroups array
param captureAccountId string
@description('User-assigned identity of the namespace that writes captured files. Empty: its system-assigned one.')
param captureIdentityId string
param senderPrincipalId string

var dataSender = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '2b629674-e913-4c01-ae53-ef4638d8f975')

resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' existing = {
  name: namespaceName
}

resource hub 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' = {
  parent: namespace
  name: name
  properties: {
    partitionCount: partitions
    retentionDescription: { cleanupPolicy: 'Delete', retentionTimeInHours: retentionDays * 24 }
    captureDescription: {
      enabled: true
      encoding: 'Avro'
      intervalInSeconds: 300
      sizeLimitInBytes: 314572800
      skipEmptyArchives: true
      destination: {
        name: 'EventHubArchive.AzureBlockBlob'
        identity: empty(captureIdentityId)
          ? { type: 'SystemAssigned' }
          : { type: 'UserAssigned', userAssignedIdentity: captureIdentityId }
        properties: {
          storageAccountResourceId: captureAccountId
          blobContainer: 'capture'
          archiveNameFormat: '{Namespace}/{EventHub}/{PartitionId}/{Year}/{Month}/{Day}/{Hour}/{Minute}/{Second}'
        }
      }
    }
  }
}

resource groups 'Microsoft.EventHub/namespaces/eventhubs/consumergroups@2024-01-01' = [
  for group in consumerGroups: {
    parent: hub
    name: group
  }
]

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(hub.id, senderPrincipalId, dataSender)
  scope: hub
  properties: {
    roleDefinitionId: dataSender
    principalId: senderPrincipalId
    principalType: 'ServicePrincipal'
  }
}
