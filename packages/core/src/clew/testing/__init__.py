"""For tests of plugins: what was recorded, in memory, and the contracts that every plugin of a kind must pass."""
