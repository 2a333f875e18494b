"""From what is desired and what is live to ordered changes, and whether they are safe. Pure."""
