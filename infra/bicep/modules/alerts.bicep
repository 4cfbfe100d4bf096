metadata description = 'Alerts that wake someone for a reason. Each says in its description what to do.'

param name string
param location string
param tags object
param email string
param workspaceId string
param namespaceId string
param isNamespaceOurs bool
param hubName string

var tells = !empty(email)

var metricRules = [
  {
    name: 'throttled'
    about: 'Event Hubs refuses events for lack of units: they are spilled and sent on later. Raise maximumThroughputUnits.'
    metric: 'ThrottledRequests'
    aggregation: 'Total'
    over: 0
    window: 'PT15M'
  }
  {
    name: 'capture-backlog'
    about: 'Capture is a gigabyte behind. Look at CaptureBacklog by partition, and at the firewall of the data account.'
    metric: 'CaptureBacklog'
    aggregation: 'Average'
    over: 1073741824
    window: 'PT1H'
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

// Of a namespace that was brought, its owner has the logs.
var ownRules = [
  {
    name: 'units-raised'
    about: 'Auto-inflate raised the throughput units. They stay, and cost, until somebody lowers them.'
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
  for rule in metricRules: {
    name: 'alert-${name}-${rule.name}'
    location: 'global'
    tags: tags
    properties: {
      description: rule.about
      enabled: true
      severity: 2
      scopes: [namespaceId]
      evaluationFrequency: 'PT5M'
      windowSize: rule.window
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: rule.name
            metricNamespace: 'Microsoft.EventHub/namespaces'
            metricName: rule.metric
            timeAggregation: rule.aggregation
            operator: 'GreaterThan'
            threshold: rule.over
            dimensions: [{ name: 'EntityName', operator: 'Include', values: [hubName] }]
          }
        ]
      }
      actions: tells ? [{ actionGroupId: people!.id }] : []
    }
  }
]

resource byLog 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in concat(logRules, isNamespaceOurs ? ownRules : []): {
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
