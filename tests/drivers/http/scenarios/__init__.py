"""What httpx2 and httpx do in public, as scenarios; see `tests/drivers/http/conformance.py`."""

from __future__ import annotations

from tests.drivers.http.scenarios import failures, incoming, journeys, outgoing

__all__ = ["failures", "incoming", "journeys", "outgoing"]
