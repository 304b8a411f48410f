"""What the agents of the contenders send: one module a protocol, each of which counts the spans of a request body."""
