"""What starts the measured processes, commands them, and turns their answers into a report."""
