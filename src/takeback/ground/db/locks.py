"""The advisory locks of the database, in one list, so that no two mean different things by one number."""

MIGRATE = 0x7A6B_0001
"""Held for the session that brings the schema up to date."""
SEQUENCE = 0x7A6B_0002
"""Held by the transaction that gives ledger entries their places."""
BANK = 0x7A6B_0003
"""Shared by transactions that commit sightings, exclusive for those that change the bank: see `join`."""
ARCHIVE = 0x7A6B_0004
"""Held by the transaction that moves sightings to the archive."""
