"""The built-in protocols: how each one connects, and what its users hold."""
