"""The WebSocket driver: a client that stays connected, across every edit."""
