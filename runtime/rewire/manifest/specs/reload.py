"""The top-level ``[reload]`` table: how edits of the manifest are noticed and judged."""

from __future__ import annotations

from pydantic import Field

from rewire.manifest.specs.client import Table
from rewire.manifest.specs.types import Duration, Flag, Percent, PositiveDuration

__all__ = ["ReloadConfig"]


class ReloadConfig(Table):
    """How edits of this file are noticed, and which are refused as unsafe."""

    quiet: Duration = Field(
        default=0.1, description="The file must have been left alone for this long."
    )
    max_delay: PositiveDuration = Field(
        default=2.0, description="A file that never rests is read after this long all the same."
    )
    resync: PositiveDuration = Field(
        default=60.0, description="How often everything is read and compared without a hint."
    )
    max_deletes: Percent = Field(
        default=0.5,
        description="The share of clients one edit may remove; holds from six clients on.",
    )
    allow_empty: Flag = Field(default=False, description="Let an emptied file remove every client.")
