"""Language models: the contract and one file per provider. The asker owns the prompt."""
