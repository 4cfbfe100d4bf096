metadata description = 'The pixel on Azure: Function App, Event Hubs with Capture, storage, logs, alerts. Guide: docs/azure.md'

targetScope = 'resourceGroup'

// ---- what it is called, where it stands, who pays

@description('Name of this pixel: letters, digits and hyphens, no hyphen at the end. Names of all resources begin with their kind and this.')
@minLength(3)
@maxLength(16)
param name string

@description('Azure region of all resources. It must offer Flex Consumption.')
param location string = resourceGroup().location

@description('Tag businessUnit on every resource: who the pixel belongs to.')
@minLength(1)
param businessUnit string

@description('Tag costCenter on every resource: who pays for it.')
@minLength(1)
param costCenter string

// ---- the app

@description('Memory of an instance in MB. 512 is enough for a small site; 2048 brings more CPU as well.')
@allowed([512, 2048])
param instanceMemoryMB int = 512

@description('Hits that one instance answers at once. Azure starts another instance when there are more.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 32

@description('Instances that always run and are paid for always. 1 spares visitors the cold start; 0 costs nothing.')
@minValue(0)
@maxValue(100)
param alwaysReadyInstances int = 0

@description('Instances at most: the limit of what a flood of hits can cost.')
@minValue(1)
@maxValue(1000)
param maximumInstances int = 40

@description('Further settings of the pixel by name, as docs/settings.md lists them. They are no place for a secret.')
param settings object = {}

@description('Key that /status requires. Empty: anybody may read it.')
@secure()
param statusKey string = ''

// ---- Event Hubs

@description('Resource id of an Event Hubs namespace that you have (Standard or better, with a system-assigned identity). Empty: one is made.')
param existingNamespaceId string = ''

@description('Name of the hub, which is made in either namespace.')
@minLength(1)
@maxLength(50)
param hubName string = 'pixel'

@description('Partitions of the hub. They cannot be changed later, and one takes about 1 MB a second.')
@minValue(1)
@maxValue(32)
param partitions int = 4

@description('Throughput units at least. Each deployment sets them back to this: raise it when units-raised has alerted.')
@minValue(1)
@maxValue(40)
param throughputUnits int = 1

@description('Throughput units that auto-inflate may go up to, in each namespace that is made. No more than throughputUnits: it is off.')
@minValue(1)
@maxValue(40)
param maximumThroughputUnits int = 4

@description('Days that events stay in the hub for its consumers. Captured files stay longer.')
@minValue(1)
@maxValue(7)
param hubRetentionDays int = 7

@description('A consumer group of its own for each system that reads the hub.')
param consumerGroups array = ['analytics']

// ---- edge mode: docs/edge.md

@description('Let Front Door answer hits with a cached image. Its access log then tells of them, minutes later.')
param enableEdge bool = false

@description('Hours that this log stays in its hub. Full addresses are in it; what is not read by then is lost.')
@minValue(1)
@maxValue(24)
param edgeRetentionHours int = 1

@description('Host name of your own for edge mode, such as img.example.com. EDGE_DOMAIN_TOKEN proves that it is yours.')
param edgeDomain string = ''

// ---- what is kept, and for how long

@description('Days that captured events, the ledger and what could not be sent are kept; then they are deleted.')
@minValue(1)
@maxValue(3650)
param retentionDays int = 395

@description('Days after which captured files go to the archive tier, where reports cannot read them nor erase find them. 0: never.')
@minValue(0)
@maxValue(3650)
param archiveAfterDays int = 0

@description('Copies of captured events: Standard_LRS three in one place, Standard_GRS three more in another region.')
@allowed(['Standard_LRS', 'Standard_GRS'])
param dataRedundancy string = 'Standard_LRS'

@description('Object id of a group that may read captured events and the ledger: analysts, the pipeline. Empty: nobody yet.')
param readersGroupId string = ''

// ---- logs, alerts, money

@description('GB a day that logs may take; after that none are kept until the next day.')
@minValue(1)
@maxValue(100)
param logDailyCapGb int = 1

@description('Mail address that alerts and the budget write to. Empty: alerts show in the portal only, and there is no budget.')
param alertEmail string = ''

@description('Budget a month for the resource group, in the currency of the subscription. It warns, it stops nothing. 0: none.')
@minValue(0)
param monthlyBudget int = 0

@description('First day of the budget: the first of the month in which it is made. Azure never lets it change. Empty: no budget.')
param budgetStart string = ''

// ---- what some want

@description('Host name of your own, such as px.example.com. Its CNAME and its asuid TXT record must be there first.')
param customDomain string = ''

@description('Thumbprint of the certificate of customDomain, once it is there. Empty: the name is bound without TLS.')
param customDomainThumbprint string = ''

@description('Put storage and the made namespace behind private endpoints in a network of their own. The pixel itself stays public.')
param privateNetworking bool = false

@description('Address range of that network, /24 or larger.')
param addressSpace string = '10.40.0.0/24'

@description('Storage account with an Azure Files share of .mmdb files for the enricher geo. Empty: no share.')
param geoShareAccount string = ''

@description('Name of that share.')
param geoShareName string = 'geo'

@description('Key of that account: Azure Files can be mounted in no other way. No other key is used anywhere.')
@secure()
param geoShareKey string = ''

// ---- what follows from that

var tags = { businessUnit: businessUnit, costCenter: costCenter, application: 'pixel' }
var suffix = take(uniqueString(resourceGroup().id, name), 8)
var ownNamespace = empty(existingNamespaceId)
var hubSubscription = ownNamespace ? subscription().subscriptionId : split(existingNamespaceId, '/')[2]
var hubGroup = ownNamespace ? resourceGroup().name : split(existingNamespaceId, '/')[4]
var namespaceName = ownNamespace ? 'evhns-${name}-${suffix}' : split(existingNamespaceId, '/')[8]
var storePrefix = 'st${take(toLower(replace(name, '-', '')), 8)}'

module identities 'modules/identities.bicep' = {
  params: { name: name, location: location, tags: tags, withCapture: ownNamespace }
}

module logs 'modules/logs.bicep' = {
  params: { name: name, location: location, tags: tags, dailyCapGb: logDailyCapGb, writerPrincipalId: identities.outputs.pixelPrincipalId }
}

module network 'modules/network.bicep' = if (privateNetworking) {
  params: { name: name, location: location, tags: tags, addressSpace: addressSpace, toEventHubs: enableEdge }
}

module host 'modules/storage_host.bicep' = {
  params: {
    name: '${storePrefix}host${suffix}'
    location: location
    tags: tags
    isPrivate: privateNetworking
    workspaceId: logs.outputs.workspaceId
    ownerPrincipalId: identities.outputs.pixelPrincipalId
  }
}

module data 'modules/storage_data.bicep' = {
  params: {
    name: '${storePrefix}data${suffix}'
    location: location
    tags: tags
    isPrivate: privateNetworking
    workspaceId: logs.outputs.workspaceId
    redundancy: dataRedundancy
    retentionDays: retentionDays
    archiveAfterDays: archiveAfterDays
  }
}

module namespace 'modules/namespace.bicep' = if (ownNamespace) {
  params: {
    name: namespaceName
    location: location
    tags: tags
    throughputUnits: throughputUnits
    maximumThroughputUnits: maximumThroughputUnits
    isPrivate: privateNetworking
    captureIdentityId: identities.outputs.captureId
    workspaceId: logs.outputs.workspaceId
  }
}

module brought 'modules/namespace_brought.bicep' = if (!ownNamespace) {
  scope: resourceGroup(hubSubscription, hubGroup)
  params: { name: namespaceName }
}

// The role on the container comes before the hub: Capture checks that it may write when it is switched on.
module access 'modules/data_access.bicep' = {
  params: {
    accountName: data.outputs.name
    pixelPrincipalId: identities.outputs.pixelPrincipalId
    capturePrincipalId: ownNamespace ? identities.outputs.capturePrincipalId : brought!.outputs.principalId
    readersGroupId: readersGroupId
  }
}

module hub 'modules/hub.bicep' = {
  scope: resourceGroup(hubSubscription, hubGroup)
  params: {
    namespaceName: namespaceName
    name: hubName
    partitions: partitions
    retentionDays: hubRetentionDays
    consumerGroups: consumerGroups
    captureAccountId: data.outputs.id
    captureIdentityId: identities.outputs.captureId
    senderPrincipalId: identities.outputs.pixelPrincipalId
  }
  dependsOn: [access, namespace]
}

module endpoints 'modules/endpoints.bicep' = if (privateNetworking) {
  params: {
    name: name
    location: location
    tags: tags
    networkId: network!.outputs.id
    subnetId: network!.outputs.endpointsSubnetId
    storageIds: [host.outputs.id, data.outputs.id]
    namespaceId: ownNamespace ? namespace!.outputs.id : ''
  }
}

module edge 'modules/edge.bicep' = if (enableEdge) {
  params: {
    name: name
    location: location
    tags: tags
    suffix: suffix
    imageAccount: '${storePrefix}edge${suffix}'
    retentionHours: edgeRetentionHours
    partitions: partitions
    throughputUnits: throughputUnits
    maximumThroughputUnits: maximumThroughputUnits
    receiverPrincipalId: identities.outputs.pixelPrincipalId
    subnetId: privateNetworking ? network!.outputs.appSubnetId : ''
    workspaceId: logs.outputs.workspaceId
    hostName: edgeDomain
    extraPath: settings.?PIXEL_PATH ?? ''
  }
}

module app 'modules/app.bicep' = {
  params: {
    name: 'func-${name}-${suffix}'
    location: location
    tags: tags
    instanceMemoryMB: instanceMemoryMB
    httpConcurrency: httpConcurrency
    alwaysReadyInstances: alwaysReadyInstances
    maximumInstances: maximumInstances
    identityId: identities.outputs.pixelId
    identityClientId: identities.outputs.pixelClientId
    hostAccount: host.outputs.name
    packagesUrl: host.outputs.packagesUrl
    hubNamespace: '${namespaceName}.servicebus.windows.net'
    hubName: hubName
    edgeNamespace: enableEdge ? edge!.outputs.hubNamespace : ''
    edgeHubName: enableEdge ? edge!.outputs.hubName : ''
    storeUrl: data.outputs.storeUrl
    insightsConnection: logs.outputs.insightsConnection
    workspaceId: logs.outputs.workspaceId
    subnetId: privateNetworking ? network!.outputs.appSubnetId : ''
    settings: settings
    statusKey: statusKey
    geoShareAccount: geoShareAccount
    geoShareName: geoShareName
    geoShareKey: geoShareKey
  }
  dependsOn: [endpoints, hub]
}

module domain 'modules/domain.bicep' = if (!empty(customDomain)) {
  params: { appName: app.outputs.name, hostName: customDomain, thumbprint: customDomainThumbprint }
}

module watch 'modules/watch.bicep' = {
  params: {
    name: name
    location: location
    tags: tags
    email: alertEmail
    workspaceId: logs.outputs.workspaceId
    namespaceId: ownNamespace ? namespace!.outputs.id : existingNamespaceId
    isNamespaceOurs: ownNamespace
    hubName: hubName
    edgeNamespaceId: enableEdge ? edge!.outputs.namespaceId : ''
    edgeHubName: enableEdge ? edge!.outputs.hubName : ''
    monthlyBudget: monthlyBudget
    budgetStart: budgetStart
  }
  dependsOn: [hub]
}

@description('The Function App, for func, az and the pipeline.')
output FUNCTION_APP_NAME string = app.outputs.name
@description('Where the pixel answers.')
output PIXEL_URL string = empty(customDomain) || empty(customDomainThumbprint) ? app.outputs.url : 'https://${customDomain}'
@description('What a TXT record asuid.HOST must hold before customDomain can be bound.')
output DOMAIN_VERIFICATION_ID string = app.outputs.domainVerificationId
@description('For python -m pixel verify, read and reconcile.')
output PIXEL_CAPTURE_STORE string = data.outputs.captureUrl
@description('For python -m pixel reconcile and replay.')
output PIXEL_STORE string = data.outputs.storeUrl
@description('For consumers of the events.')
output EVENT_HUB_NAMESPACE string = '${namespaceName}.servicebus.windows.net'
@description('For consumers of the events.')
output EVENT_HUB_NAME string = hubName
@description('Where the pixel answers in edge mode. Empty: it is off.')
output EDGE_URL string = enableEdge ? edge!.outputs.url : ''
@description('The account that infra/edge_image.sh puts the image into. Empty: edge mode is off.')
output EDGE_IMAGE_ACCOUNT string = enableEdge ? edge!.outputs.imageAccount : ''
@description('What a TXT record _dnsauth.HOST must hold before edgeDomain gets its certificate.')
output EDGE_DOMAIN_TOKEN string = enableEdge ? edge!.outputs.domainToken : ''
