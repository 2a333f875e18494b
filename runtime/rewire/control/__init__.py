"""The shell: the only place that owns tasks, lifetimes and the clock.

It asks the pure core what to do, and does it.
"""
