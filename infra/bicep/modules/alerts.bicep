metadata description = 'Alerts that wake someone for a reason. Each says in its description what to do.'

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

var tells = !empty(email)
var hasEdge = !empty(edgeNamespaceId)

var metricRules = [
  {
    name: 'throttled'
    about: 'Event Hubs refuses events for lack of units: they are spilled and sent on later. Raise maximumThroughputUnits.'
    severity: 2
    scope: namespaceId
    hub: hubName
    window: 'PT15M'
    all: [{ metric: 'ThrottledRequests', aggregation: 'Total', operator: 'GreaterThan', threshold: 0 }]
  }
  {
    name: 'capture-backlog'
    about: 'Capture is a gigabyte behind. Look at CaptureBacklog by partition, and at the firewall of the data account.'
    severity: 2
    scope: namespaceId
    hub: hubName
    window: 'PT1H'
    all: [{ metric: 'CaptureBacklog', aggregation: 'Average', operator: 'GreaterThan', threshold: 1073741824 }]
  }
]

var edgeMetricRules = [
  {
    name: 'edge-behind'
    about: 'For half an hour Front Door told of hits, and the app read nothing. After edgeRetentionHours they are lost.'
    severity: 1
    scope: edgeNamespaceId
    hub: edgeHubName
    window: 'PT30M'
    all: [
      { metric: 'IncomingMessages', aggregation: 'Total', operator: 'GreaterThan', threshold: 0 }
      { metric: 'OutgoingMessages', aggregation: 'Total', operator: 'LessThan', threshold: 1 }
    ]
  }
  {
    name: 'edge-throttled'
    about: 'The hub of edge mode refuses records for lack of units, and nobody spills those. Raise maximumThroughputUnits.'
    severity: 1
    scope: edgeNamespaceId
    hub: edgeHubName
    window: 'PT15M'
    all: [{ metric: 'ThrottledRequests', aggregation: 'Total', operator: 'GreaterThan', threshold: 0 }]
  }
]

var logRules = [
  {
    name: 'spill-growing'
    about: 'For half an hour events were spilled: Event Hubs does not take them. /status says why. None is lost; replay sends them on.'
    severity: 1
    window: 'PT30M'
    over: 2
    query: loadTextContent('../queries/spill.kql')
  }
  {
    name: 'failed-events'
    about: 'An error of the pixel: most likely hits fail because neither Event Hubs nor the store takes them. Look at /status.'
    severity: 0
    window: 'PT15M'
    over: 0
    query: loadTextContent('../queries/failed.kql')
  }
  {
    name: 'capture-behind'
    about: 'Events came, and for an hour nothing was captured. Has the role of Capture on its container gone? The hub keeps events for days only.'
    severity: 1
    window: 'PT2H'
    over: 0
    query: loadTextContent('../queries/capture.kql')
  }
]

// Of a namespace that was brought, its owner has the logs; that of edge mode is always ours.
var ownRules = [
  {
    name: 'units-raised'
    about: 'Auto-inflate raised the throughput units. They stay, and cost, until the next deployment sets them back to throughputUnits: raise that.'
    severity: 3
    window: 'PT1H'
    over: 0
    query: loadTextContent('../queries/units.kql')
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (tells) {
  name: 'ag-${name}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: take(name, 12)
    enabled: true
    emailReceivers: [{ name: 'mail', emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource byMetric 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for rule in concat(metricRules, hasEdge ? edgeMetricRules : []): {
    name: 'alert-${name}-${rule.name}'
    location: 'global'
    tags: tags
    properties: {
      description: rule.about
      enabled: true
      severity: rule.severity
      scopes: [rule.scope]
      evaluationFrequency: 'PT5M'
      windowSize: rule.window
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria'
        allOf: [
          for each in rule.all: {
            criterionType: 'StaticThresholdCriterion'
            name: each.metric
            metricNamespace: 'Microsoft.EventHub/namespaces'
            metricName: each.metric
            timeAggregation: each.aggregation
            operator: each.operator
            threshold: each.threshold
            dimensions: [{ name: 'EntityName', operator: 'Include', values: [rule.hub] }]
          }
        ]
      }
      actions: tells ? [{ actionGroupId: people!.id }] : []
    }
  }
]

resource byLog 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in concat(logRules, isNamespaceOurs || hasEdge ? ownRules : []): {
    name: 'alert-${name}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '${name}: ${rule.name}'
      description: rule.about
      enabled: true
      severity: rule.severity
      scopes: [workspaceId]
      evaluationFrequency: 'PT15M'
      windowSize: rule.window
      autoMitigate: true
      // A table is there from its first row on, and most of these have none on the first day.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: rule.over
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: tells ? [people!.id] : [] }
    }
  }
]
