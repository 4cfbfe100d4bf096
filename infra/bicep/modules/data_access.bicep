metadata description = 'Who may open which container of the data account. Nobody has a role on the account.'

param accountName string
param pixelPrincipalId string
param capturePrincipalId string
param readersGroupId string

var contributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')
var reader = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1')

resource capture 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = {
  name: '${accountName}/default/capture'
}

resource store 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = {
  name: '${accountName}/default/pixel'
}

resource pixelKeeps 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(store.id, pixelPrincipalId, contributor)
  scope: store
  properties: { roleDefinitionId: contributor, principalId: pixelPrincipalId, principalType: 'ServicePrincipal' }
}

resource captureWrites 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(capture.id, capturePrincipalId, contributor)
  scope: capture
  properties: { roleDefinitionId: contributor, principalId: capturePrincipalId, principalType: 'ServicePrincipal' }
}

resource readersRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(readersGroupId)) {
  name: guid(capture.id, readersGroupId, reader)
  scope: capture
  properties: { roleDefinitionId: reader, principalId: readersGroupId, principalType: 'Group' }
}

resource readersCount 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(readersGroupId)) {
  name: guid(store.id, readersGroupId, reader)
  scope: store
  properties: { roleDefinitionId: reader, principalId: readersGroupId, principalType: 'Group' }
}
