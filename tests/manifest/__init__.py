"""Tests of `rewire.manifest`."""
