"""Where events go: log records, terminal lines, a status file."""
