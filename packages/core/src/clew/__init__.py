"""The plugin kit of clew: how a library's calls become spans, metrics and request IDs."""
