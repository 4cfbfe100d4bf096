using './main.bicep'

param name = 'pixel-prod'
param businessUnit = 'marketing'
param costCenter = 'unset'

// One instance of 2048 MB takes some 600 hits a second, one of 512 MB some 150 for a quarter of the money: docs/cost.md.
param instanceMemoryMB = 2048
param alwaysReadyInstances = 1
param maximumInstances = 100
param partitions = 8
param maximumThroughputUnits = 8
param dataRedundancy = 'Standard_GRS'
param monthlyBudget = 500
param budgetStart = readEnvironmentVariable('PIXEL_BUDGET_START', '')
param settings = {
  // Hosts of your own sites, such as 'www.example.com,*.example.org'.
  PIXEL_ORIGINS: ''
}
param statusKey = readEnvironmentVariable('PIXEL_STATUS_KEY', '')
param alertEmail = readEnvironmentVariable('PIXEL_ALERT_EMAIL', '')
param readersGroupId = readEnvironmentVariable('PIXEL_READERS_GROUP_ID', '')
