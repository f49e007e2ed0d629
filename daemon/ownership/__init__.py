"""Ownership on a store that several processes share: who acts for whom, kept even, handed over and taken over.

The leases themselves are `store/durable`; on an embedded store nothing of this room runs.
"""
