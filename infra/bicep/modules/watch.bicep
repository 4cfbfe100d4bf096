metadata description = 'What tells people how the pixel is: alerts, a page of charts, a budget.'

param name string
param location string
param tags object
param email string
param workspaceId string
param namespaceId string
param isNamespaceOurs bool
param hubName string
@description('Namespace of edge mode. Empty: it is off.')
param edgeNamespaceId string
param edgeHubName string
param monthlyBudget int
param budgetStart string

module alerts 'alerts.bicep' = {
  params: {
    name: name
    location: location
    tags: tags
    email: email
    workspaceId: workspaceId
    namespaceId: namespaceId
    isNamespaceOurs: isNamespaceOurs
    hubName: hubName
    edgeNamespaceId: edgeNamespaceId
    edgeHubName: edgeHubName
  }
}

module workbook 'workbook.bicep' = {
  params: { name: name, location: location, tags: tags, workspaceId: workspaceId, namespaceId: namespaceId }
}

module budget 'budget.bicep' = if (monthlyBudget > 0 && !empty(email) && !empty(budgetStart)) {
  params: { name: name, amount: monthlyBudget, start: budgetStart, email: email }
}
