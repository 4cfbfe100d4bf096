metadata description = 'One page that shows how the pixel is: what comes, what is captured, what is spilled, what went wrong.'

param name string
param location string
param tags object
param workspaceId string
param namespaceId string

// Which resources the page is about is known only here.
var page = replace(replace(loadTextContent('../workbook.json'), 'WORKSPACE_ID', workspaceId), 'NAMESPACE_ID', namespaceId)

resource workbook 'microsoft.insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, name, 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Pixel ${name}'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: page
  }
}
