metadata description = 'Private endpoints of both storage accounts and of our namespace, with the names that lead to them.'

param name string
param location string
param tags object
param networkId string
param subnetId string
param storageIds array
@description('Empty for a namespace that was brought: its network is its owner\'s.')
param namespaceId string

// A zone that is linked answers for all its names: without an endpoint of ours in it, a brought namespace would not be found.
var zones = concat(
  ['privatelink.blob.${environment().suffixes.storage}'],
  empty(namespaceId) ? [] : ['privatelink.servicebus.windows.net']
)
var blobs = [for id in storageIds: { id: id, group: 'blob', zone: 0 }]
var targets = concat(blobs, empty(namespaceId) ? [] : [{ id: namespaceId, group: 'namespace', zone: 1 }])

resource dns 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in zones: {
    name: zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, i) in zones: {
    parent: dns[i]
    name: 'link-${name}'
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: networkId } }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2025-01-01' = [
  for target in targets: {
    name: 'pep-${last(split(target.id, '/'))}'
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        {
          name: target.group
          properties: { privateLinkServiceId: target.id, groupIds: [target.group] }
        }
      ]
    }
  }
]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-01-01' = [
  for (target, i) in targets: {
    parent: endpoints[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [{ name: target.group, properties: { privateDnsZoneId: dns[target.zone].id } }]
    }
  }
]
