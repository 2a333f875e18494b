"""The HTTP protocol: httpx2 handles over an engine that is swapped underneath them."""
