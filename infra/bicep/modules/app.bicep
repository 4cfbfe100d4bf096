metadata description = 'The Function App on Flex Consumption. Its settings are the pixel\'s own, and what the host needs.'

param name string
param location string
param tags object
param instanceMemoryMB int
param httpConcurrency int
param alwaysReadyInstances int
param maximumInstances int
param identityId string
param identityClientId string
param hostAccount string
param packagesUrl string
param hubNamespace string
param hubName string
@description('Host name of the namespace that edge mode reads. Empty: it is off.')
param edgeNamespace string
param edgeHubName string
param storeUrl string
param insightsConnection string
param workspaceId string
param subnetId string
param settings object
@secure()
param statusKey string
param geoShareAccount string
param geoShareName string
@secure()
param geoShareKey string

var hasGeoShare = !empty(geoShareAccount)
var hasEdge = !empty(edgeNamespace)

// A later one wins: what `settings` says counts, but for what would cut the pixel off from its own resources.
var appSettings = union(
  { PIXEL_CLIENT_IP: 'functions' },
  settings,
  empty(statusKey) ? {} : { PIXEL_STATUS_KEY: statusKey },
  hasGeoShare ? { GEO_DATABASES: '/geo' } : {},
  hasEdge
    ? {
        EDGE_HUB__fullyQualifiedNamespace: edgeNamespace
        EDGE_HUB__credential: 'managedidentity'
        EDGE_HUB__clientId: identityClientId
        EDGE_HUB_NAME: edgeHubName
      }
    : {},
  {
    EVENT_HUB__fullyQualifiedNamespace: hubNamespace
    EVENT_HUB__credential: 'managedidentity'
    EVENT_HUB__clientId: identityClientId
    EVENT_HUB_NAME: hubName
    PIXEL_STORE: storeUrl
    PIXEL_STORE_CLIENT_ID: identityClientId
    AzureWebJobsStorage__accountName: hostAccount
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    AzureWebJobsDisableHomepage: 'true'
    APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  }
)

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource site 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'pixel' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    // For a host name of your own. Azure takes it only when the app is made: docs/domain.md
    #disable-next-line BCP037 // Bicep's types do not know it yet
    siteScopedCertificatesEnabled: true
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      appSettings: [for setting in items(appSettings): { name: setting.key, value: setting.value }]
    }
    functionAppConfig: {
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReadyInstances > 0 ? [{ name: 'http', instanceCount: alwaysReadyInstances }] : []
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
    }
  }
}

resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = [
  for way in ['ftp', 'scm']: {
    parent: site
    name: way
    properties: { allow: false }
  }
]

resource geoShare 'Microsoft.Web/sites/config@2024-11-01' = if (hasGeoShare) {
  parent: site
  name: 'azurestorageaccounts'
  properties: {
    geo: {
      type: 'AzureFiles'
      accountName: geoShareAccount
      shareName: geoShareName
      mountPath: '/geo'
      accessKey: geoShareKey
      protocol: 'Smb'
    }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: site
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
  }
}

output name string = site.name
output url string = 'https://${site.properties.defaultHostName}'
output domainVerificationId string = site.properties.customDomainVerificationId
