"""For those who test a plugin: what was recorded, in memory, and the contracts that every plugin of a kind must pass."""
