metadata description = 'Who the pixel is, and who Capture is: two identities, so that neither may do what the other does.'

param name string
param location string
param tags object
@description('A namespace that was brought has an identity of its own to capture with.')
param withCapture bool

resource pixel 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${name}'
  location: location
  tags: tags
}

resource capture 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = if (withCapture) {
  name: 'id-${name}-capture'
  location: location
  tags: tags
}

output pixelId string = pixel.id
output pixelPrincipalId string = pixel.properties.principalId
output pixelClientId string = pixel.properties.clientId
output captureId string = withCapture ? capture!.id : ''
output capturePrincipalId string = withCapture ? capture!.properties.principalId : ''
