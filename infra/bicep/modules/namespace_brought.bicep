metadata description = 'A namespace that is there already. Only read: who its system-assigned identity is.'

param name string

resource namespace 'Microsoft.EventHub/namespaces@2024-01-01' existing = {
  name: name
}

output principalId string = namespace.identity.principalId
