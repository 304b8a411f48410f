"""What examples/demo.py is made of: the services, the load, the checks, and where the traces are found again."""
