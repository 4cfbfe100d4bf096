metadata description = 'A host name of your own for the pixel.'

param appName string
param hostName string
param thumbprint string

resource site 'Microsoft.Web/sites@2024-11-01' existing = {
  name: appName
}

resource binding 'Microsoft.Web/sites/hostNameBindings@2024-11-01' = {
  parent: site
  name: hostName
  properties: empty(thumbprint)
    ? { siteName: appName, hostNameType: 'Verified', sslState: 'Disabled' }
    : { siteName: appName, hostNameType: 'Verified', sslState: 'SniEnabled', thumbprint: thumbprint }
}
