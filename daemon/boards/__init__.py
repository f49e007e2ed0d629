"""Job boards: the contract and one folder per board. Nothing is kept here."""
