"""Tests of the surface for threads, against real servers in threads of their own."""
