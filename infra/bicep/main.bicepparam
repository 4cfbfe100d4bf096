using './main.bicep'

// For azd, which has these in its environment: `azd env set NAME VALUE`. Guide: docs/azd.md
param name = readEnvironmentVariable('AZURE_ENV_NAME', 'pixel')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param businessUnit = readEnvironmentVariable('PIXEL_BUSINESS_UNIT', 'unset')
param costCenter = readEnvironmentVariable('PIXEL_COST_CENTER', 'unset')
param statusKey = readEnvironmentVariable('PIXEL_STATUS_KEY', '')
param alertEmail = readEnvironmentVariable('PIXEL_ALERT_EMAIL', '')
param readersGroupId = readEnvironmentVariable('PIXEL_READERS_GROUP_ID', '')

param partitions = 2
param maximumThroughputUnits = 1
