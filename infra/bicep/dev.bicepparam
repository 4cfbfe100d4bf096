using './main.bicep'

param name = 'pixel-dev'
param businessUnit = 'marketing'
param costCenter = 'unset'

param partitions = 2
param maximumThroughputUnits = 1
param hubRetentionDays = 1
param retentionDays = 30
param statusKey = readEnvironmentVariable('PIXEL_STATUS_KEY', '')
param alertEmail = readEnvironmentVariable('PIXEL_ALERT_EMAIL', '')
param readersGroupId = readEnvironmentVariable('PIXEL_READERS_GROUP_ID', '')
