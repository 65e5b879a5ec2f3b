"""Which deliveries a statement is made from: the list that makes an answer repeatable."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class DeliveryRef:
    """One committed delivery, as far as the lake must know it.

    ``seq`` is the order of knowledge over all feeds; within a feed ``known_on`` never falls as it grows.
    A ``correction`` is made here by a person: it says nothing of when the agency was last heard. Neither does
    the day on which a held delivery was let in: ``received_on`` does, where it is not ``known_on``.
    """

    feed: str
    seq: int
    mode: str
    known_on: date
    has_facts: bool = True
    has_gone: bool = False
    correction: bool = False
    received_on: date | None = None

    @property
    def heard_on(self) -> date:
        """The day on which the agency was heard: never later than its facts are known."""
        return min(self.received_on or self.known_on, self.known_on)


Manifest = tuple[DeliveryRef, ...]


def standing(manifest: Iterable[DeliveryRef], feed: str) -> Manifest:
    """Return the deliveries of ``feed`` that still say something: from its last full one on."""
    found = sorted((d for d in manifest if d.feed == feed), key=lambda d: d.seq)
    start = max((place for place, d in enumerate(found) if d.mode == "full"), default=0)
    return tuple(found[start:])


def digest(manifest: Iterable[DeliveryRef]) -> str:
    """Return the SHA-256 by which two scans can tell that they read the same deliveries."""
    lines = sorted(f"{d.seq}\t{d.feed}\t{d.mode}\t{d.known_on.isoformat()}" for d in manifest)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
