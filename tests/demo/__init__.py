"""The demo: its upstreams over real sockets, its counting, its pictures, and the whole of it."""
