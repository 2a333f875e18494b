"""Every slot of a manager, by id and protocol, and the errors of looking one up.

Looking up is safe in any thread: a dictionary is read in one step, or copied in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rewire.control.slot import Slot
from rewire.errors import ClientRemovedError, UnknownClientError, WrongProtocolError
from rewire.manifest.diagnostics import suggest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rewire.control.host import Host
    from rewire.plan.observed import Observed
    from rewire.ports import Driver

__all__ = ["Registry"]


class Registry:
    """The slots: declared ones are found by id; a removed one stays while its handle may live."""

    def __init__(self, drivers: Mapping[str, Driver], host: Host) -> None:
        self.drivers = drivers
        self._host = host
        host.lookup = self.handle
        self._slots: dict[tuple[str, str], Slot] = {}
        self._declared: dict[str, Slot] = {}

    def declare(self, client: str, protocol: str) -> Slot:
        """Return the slot of a declared client, made if it is new."""
        slot = self.prepare(client, protocol)
        self._declared[client] = slot
        return slot

    def prepare(self, client: str, protocol: str) -> Slot:
        """Return the slot for a client that may be declared next."""
        slot = self._slots.get((client, protocol))
        if slot is None:
            slot = Slot(client, self.drivers[protocol], self._host)
            self._slots[client, protocol] = slot
        return slot

    def withdraw(self, slot: Slot) -> None:
        """Take a client out of the declared ones; its slot goes too if nobody holds a handle."""
        if self._declared.get(slot.id) is slot:
            del self._declared[slot.id]
        if slot.unused:
            self._slots.pop((slot.id, slot.protocol), None)

    def slot(self, client: str, protocol: str) -> Slot | None:
        """Return the slot of an id under a protocol, declared or removed."""
        return self._slots.get((client, protocol))

    def declared(self, client: str) -> Slot | None:
        """Return the slot of a declared client."""
        return self._declared.get(client)

    def find(self, client: str) -> Slot:
        """Return the slot of a declared client, or raise UnknownClientError or its kin."""
        slot = self._declared.get(client)
        if slot is not None:
            return slot
        if any(known == client for known, _ in tuple(self._slots)):
            raise ClientRemovedError(client)
        raise UnknownClientError(client, suggest(client, tuple(self._declared)))

    def handle(self, client: str, protocol: str, family: str | None = None) -> Any:
        """Return the handle of a client of this protocol, the same one each time."""
        slot = self._declared.get(client) or self._slots.get((client, protocol))
        slot = slot or self.find(client)
        if slot.protocol == protocol:
            return slot.handle_in(family)
        origin = slot.desired.origin if slot.desired else None
        where = f"{origin.file}:{origin.line}" if origin and origin.line else None
        raise WrongProtocolError(client, protocol, slot.protocol, where)

    def observed(self) -> dict[str, Observed]:
        """Return what is live, by id."""
        found = ((client, slot.observed()) for client, slot in self._declared.items())
        return {client: observed for client, observed in found if observed is not None}

    def __iter__(self) -> Iterator[Slot]:
        return iter(tuple(self._declared.values()))

    def __len__(self) -> int:
        return len(self._declared)

    def __contains__(self, client: object) -> bool:
        return client in self._declared

    def all(self) -> tuple[Slot, ...]:
        """Return every slot, removed ones too."""
        return tuple(self._slots.values())
