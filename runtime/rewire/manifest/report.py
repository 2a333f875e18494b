"""Findings become diagnostics here: a place in the text is looked up, a secret line is masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.manifest.credentials import may_hold_secret
from rewire.manifest.diagnostics import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rewire.manifest.diagnostics import Diagnostic, Label
    from rewire.manifest.document import Document
    from rewire.manifest.place import KeyPath, Span
    from rewire.manifest.wording import Finding

__all__ = ["Report"]


class Report:
    """Collect what is said about one document."""

    def __init__(self, document: Document, *, fresh: bool = False) -> None:
        self._document = document
        self._found: list[Diagnostic] = [] if fresh else list(document.diagnostics)

    @property
    def failed(self) -> bool:
        """Tell whether anything refuses the manifest."""
        return any(one.is_error for one in self._found)

    def sorted(self) -> tuple[Diagnostic, ...]:
        """Return everything in order of place, without repetitions."""
        return tuple(in_order(self._found))

    def add(self, findings: Iterable[Finding]) -> None:
        """Add findings; what may only be a consequence of a syntax error is left out."""
        for finding in findings:
            if not self._document.ok and self._doubtful(finding):
                continue
            self.say(
                finding.code,
                finding.message,
                finding.path,
                span=self._span(finding),
                help=finding.help,
            )

    def say(
        self,
        code: str,
        message: str,
        path: KeyPath,
        *,
        span: Span | None = None,
        key: bool = False,
        help: str | None = None,  # noqa: A002 - the users' word
        also: tuple[KeyPath, str] | None = None,
        secret: bool = False,
    ) -> None:
        """Add one diagnostic; `also` is a second place, by its path, and what is there."""
        source = self._document.source
        where = span or (self._key(path) if key else self._document.nearest(path))
        labels: tuple[Label, ...] = ()
        if also is not None:
            other = self._key(also[0])
            masked = self._masked(other, also[0])
            labels = (source.label(other, also[1], masked=masked),)
        self._found.append(
            source.diagnose(
                code,
                message,
                where,
                path=path,
                labels=labels,
                help=help,
                masked=secret or self._masked(where, path),
            )
        )

    def _doubtful(self, finding: Finding) -> bool:
        if finding.code not in {"RW101", "RW103"}:
            return False
        there = finding.code == "RW101" and self._document.key_span(finding.path) is not None
        return there or not self._document.readable(finding.path[:-1])

    def twice(self, client: str, one: KeyPath, other: KeyPath) -> None:
        """Say that an id is used twice, at the later of the two places."""
        first, second = sorted((one, other), key=self._key)
        message = f'the id "{client}" is used twice: it names a client of [{first[0]}] already'
        help_ = "an id is unique across protocols: handles and metrics use it alone"
        self.say("RW201", message, second, key=True, also=(first, "first here"), help=help_)

    def _key(self, path: KeyPath) -> Span:
        return self._document.key_span(path) or self._document.nearest(path)

    def _masked(self, span: Span, path: KeyPath) -> bool:
        source = self._document.source
        return may_hold_secret(source.line(source.position(span.start).line), path)

    def _span(self, finding: Finding) -> Span:
        document = self._document
        if finding.at == "table":
            return document.header_span(finding.path[:-1]) or document.nearest(finding.path[:-1])
        if finding.at == "key":
            return self._key(finding.path)
        return document.nearest(finding.path)
