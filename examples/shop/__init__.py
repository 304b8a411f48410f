"""Three small services that call each other. Nothing in them knows that they are watched."""
