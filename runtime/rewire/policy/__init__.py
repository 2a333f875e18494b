"""Resilience rules, one file each: what to do, decided without clock and without chance."""
