metadata description = 'What Front Door does with a hit: it answers with the image, and marks what the visitor wants.'

param profileName string
@description('Path of the image at the origin.')
param image string

// The access log has no cookies and no headers but two. It has the names of the rules that a request matched, and
// pixel/collect/edge.py reads those. All conditions of a rule must hold, so each header is a rule of its own.
var cookieMarks = [
  { name: 'PixelOptOut', cookie: 'pixel_optout', says: ['1'] }
  { name: 'PixelConsentDenied', cookie: 'pixel_consent', says: ['denied', '0', 'false', 'no'] }
]
var headerMarks = [
  { name: 'PixelGpc', header: 'Sec-GPC', operator: 'Equal', says: ['1'] }
  { name: 'PixelDnt', header: 'DNT', operator: 'Equal', says: ['1'] }
  { name: 'PixelPrefetch', header: 'Sec-Purpose', operator: 'Contains', says: ['prefetch', 'prerender', 'preview'] }
  { name: 'PixelPrefetchPurpose', header: 'Purpose', operator: 'Contains', says: ['prefetch', 'prerender', 'preview'] }
]

// A rule needs an action. This header goes to the storage, which does not know it; visitors never see it.
var noHarm = [
  {
    name: 'ModifyRequestHeader'
    parameters: {
      typeName: 'DeliveryRuleHeaderActionParameters'
      headerAction: 'Overwrite'
      headerName: 'X-Pixel-Mark'
      value: '1'
    }
  }
]

resource profile 'Microsoft.Cdn/profiles@2025-06-01' existing = {
  name: profileName
}

resource rules 'Microsoft.Cdn/profiles/ruleSets@2025-06-01' = {
  parent: profile
  name: 'pixel'
}

// Cached at the edge, and by no visitor: the next view asks again, and is counted. Five actions, as many as a rule may have.
resource serve 'Microsoft.Cdn/profiles/ruleSets/rules@2025-06-01' = {
  parent: rules
  name: 'PixelImage'
  properties: {
    order: 0 // the first; such a one has no condition
    matchProcessingBehavior: 'Continue'
    actions: [
      {
        name: 'UrlRewrite'
        parameters: {
          typeName: 'DeliveryRuleUrlRewriteActionParameters'
          sourcePattern: '/'
          destination: image
          preserveUnmatchedPath: false
        }
      }
      {
        name: 'RouteConfigurationOverride'
        parameters: {
          typeName: 'DeliveryRuleRouteConfigurationOverrideActionParameters'
          cacheConfiguration: {
            queryStringCachingBehavior: 'IgnoreQueryString'
            cacheBehavior: 'OverrideAlways'
            // A week: long enough to cost nothing, short enough for a wrong image to go by itself.
            cacheDuration: '7.00:00:00'
            isCompressionEnabled: 'Disabled'
          }
        }
      }
      {
        name: 'ModifyResponseHeader'
        parameters: {
          typeName: 'DeliveryRuleHeaderActionParameters'
          headerAction: 'Overwrite'
          headerName: 'Cache-Control'
          value: 'no-store'
        }
      }
      {
        name: 'ModifyResponseHeader'
        parameters: {
          typeName: 'DeliveryRuleHeaderActionParameters'
          headerAction: 'Overwrite'
          headerName: 'Cross-Origin-Resource-Policy'
          value: 'cross-origin'
        }
      }
      {
        name: 'ModifyResponseHeader'
        parameters: {
          typeName: 'DeliveryRuleHeaderActionParameters'
          headerAction: 'Overwrite'
          headerName: 'Access-Control-Allow-Origin'
          value: '*'
        }
      }
    ]
  }
}

@batchSize(1)
resource byCookie 'Microsoft.Cdn/profiles/ruleSets/rules@2025-06-01' = [
  for (mark, i) in cookieMarks: {
    parent: rules
    name: mark.name
    properties: {
      order: 1 + i
      matchProcessingBehavior: 'Continue'
      conditions: [
        {
          name: 'Cookies'
          parameters: {
            typeName: 'DeliveryRuleCookiesConditionParameters'
            selector: mark.cookie
            operator: 'Equal'
            matchValues: mark.says
            transforms: ['Lowercase']
          }
        }
      ]
      actions: noHarm
    }
    dependsOn: [serve]
  }
]

@batchSize(1)
resource byHeader 'Microsoft.Cdn/profiles/ruleSets/rules@2025-06-01' = [
  for (mark, i) in headerMarks: {
    parent: rules
    name: mark.name
    properties: {
      order: 1 + length(cookieMarks) + i
      matchProcessingBehavior: 'Continue'
      conditions: [
        {
          name: 'RequestHeader'
          parameters: {
            typeName: 'DeliveryRuleRequestHeaderConditionParameters'
            selector: mark.header
            operator: mark.operator
            matchValues: mark.says
            transforms: ['Lowercase']
          }
        }
      ]
      actions: noHarm
    }
    dependsOn: [byCookie]
  }
]

output id string = rules.id
