"""Tests of the WebSocket driver, against real servers on loopback."""
