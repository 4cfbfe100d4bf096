"""infra/bicep/, read as Azure would: the ARM JSON it becomes, with its parameters filled in."""
