"""The admin API: what a running manager tells and does for whoever may open its socket.

`rendezvous` says where the socket is, and needs nothing installed; `app` and `server` need the
extra `admin`. Only they do: import them late.
"""
