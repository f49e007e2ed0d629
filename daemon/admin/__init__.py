"""What an operator can do; each verb once, for every door."""
