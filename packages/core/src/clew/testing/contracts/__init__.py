"""One behaviour suite per convention: a test class that a plugin's test module subclasses and gives a driver."""
