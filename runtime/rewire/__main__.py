"""``python -m rewire``: the same as the command ``rewire``."""

from __future__ import annotations

from rewire.cli import main

if __name__ == "__main__":
    main()
