"""Follow any request through every Python service: put clew run in front of your command."""
