"""Tests of `rewire.plan`."""
