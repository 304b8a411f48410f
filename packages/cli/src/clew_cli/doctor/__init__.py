"""`clew doctor`: why does nothing arrive? Looks at everything on the way from a call to the collector."""
