"""The sources, on the real file system with the real watchfiles."""
