"""Where a code belongs on a day: through renamings and mergers, and never dropped when it is not known."""

from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitor.regions.codes import inside, pad, parents, short
from monitor.regions.files import OFFICIAL, Place

_MOST_STEPS = 16


@dataclass(frozen=True)
class Resolved:
    """A code's place on a day.

    ``region`` is the twelve-digit code as it stands today. When the tree does not hold it (``known`` is
    false) it hangs under ``ancestor``, the nearest one that the tree holds, and the columns of the path
    below that are None.
    """

    region: str
    ancestor: str | None
    county: str
    town: str | None
    village: str | None
    known: bool


@dataclass(frozen=True)
class Canonical:
    """A column of codes resolved; ``unknown`` counts the rows of each code that the tree does not hold."""

    region: pa.Array
    county: pa.Array
    town: pa.Array
    village: pa.Array
    known: npt.NDArray[np.bool_]
    unknown: dict[str, int]


_REMEMBERED = 1 << 16


class Tree:
    """All codes of all times, by scheme. ``root`` is the region that the installation watches."""

    def __init__(self, places: Iterable[Place], *, root: str = "3402") -> None:
        self.root = root
        self._places: dict[tuple[str, str], list[Place]] = {}
        heirs: Counter[str] = Counter()
        for place in sorted(set(places), key=lambda each: (each.code, each.valid_from)):
            self._places.setdefault((place.scheme, place.code), []).append(place)
            if place.scheme == OFFICIAL and place.successor is not None:
                heirs[place.successor] += 1
        self._heirs = heirs
        self._below: dict[str, list[Place]] = {}
        for place in sorted(self._official(), key=lambda each: (each.code, each.valid_from)):
            self._below.setdefault(place.parent or "", []).append(place)
        self._named: dict[date, dict[str, list[str]]] = {}
        self._full_name = lru_cache(maxsize=_REMEMBERED)(self._said_in_full)
        self._resolved = lru_cache(maxsize=_REMEMBERED)(self._led_to)
        self._changes = sorted({date.min, *self._begun_or_ended()})

    def _begun_or_ended(self) -> Iterator[date]:
        for place in chain.from_iterable(self._places.values()):
            yield from filter(None, (place.valid_from, place.valid_to))

    def _official(self) -> Iterator[Place]:
        return (each for (scheme, _), entries in self._places.items() if scheme == OFFICIAL for each in entries)

    def find(self, code: str, on: date, *, scheme: str = OFFICIAL) -> Place | None:
        """Return the entry of a code in force on a day; else its last one before, else its first one."""
        entries = self._places.get((scheme, short(code) or ""), [])
        begun = [entry for entry in entries if entry.valid_from <= on]
        if begun:
            return begun[-1]
        return entries[0] if entries else None

    def name(self, code: str, on: date) -> str:
        """Return the name of a code on a day; the code itself if the tree does not hold it."""
        place = self.find(code, on)
        return place.name if place else code

    def full_name(self, code: str, on: date) -> str:
        """Return the names from the city down, as an address begins: 芜湖市镜湖区…

        Where the tree does not reach as far down, the whole code follows the names that it has.
        """
        return self._full_name(code, on)

    def _said_in_full(self, code: str, on: date) -> str:
        own = short(code) or ""
        line = [each for each in [own, *parents(own)][::-1] if len(each) >= len(self.root)]
        places = [self.find(each, on) for each in line]
        names = "".join(place.name for place in places if place is not None)
        return names if line and places[-1] is not None else f"{names} {own}".strip()

    def children(self, code: str, on: date) -> list[Place]:
        """Return the entries one level below ``code`` that are in force on a day, by code."""
        return [each for each in self._below.get(short(code) or "", ()) if each.valid(on)]

    def former(self, code: str, on: date) -> list[Place]:
        """Return the entries one level below ``code`` whose code has ended by a day, by code."""
        return [each for each in self._below.get(short(code) or "", ()) if each.valid_to and each.valid_to <= on]

    def standing(self, on: date) -> Iterator[Place]:
        """Yield every official entry in force on a day, by code."""
        return (each for entries in self._below.values() for each in entries if each.valid(on))

    def locate(self, address: str, on: date, *, within: str | None = None) -> str | None:
        """Return the short code of the smallest place that an address names, inside ``within``; None if unsure.

        Two places of one name are told apart by what else the address names, and otherwise by nobody.
        """
        named = [code for name, codes in self._by_name(on).items() if name in address for code in codes]
        inner = [code for code in named if inside(code, within or self.root) and len(code) > len(self.root)]
        if not inner:
            return None
        supported = {code: sum(code.startswith(other) for other in inner) for code in inner}
        most = max(supported.values())
        best = [code for code, count in supported.items() if count == most]
        return best[0] if len(best) == 1 else None

    def resolve(self, code: str | None, on: date, *, scheme: str = OFFICIAL) -> Resolved:
        """Return where ``code``, written by ``scheme``, belongs on a day.

        A former code leads to its successor; a village of a county that went over whole keeps its last
        six digits. What is no code at all hangs under the root.
        """
        own = short(code or "")
        if own is None:
            return self._hang(self.root, on, known=False)
        # Between two days on which something begins or ends every day has the same answer.
        return self._resolved(own, self._changes[bisect(self._changes, on) - 1], scheme)

    def _led_to(self, own: str, on: date, scheme: str) -> Resolved:
        if scheme != OFFICIAL:
            own = self._translated(own, on, scheme)
        today = self._today(own, on)
        return self._hang(today, on, known=len(today) >= len(own) and self.find(today, on) is not None)

    def lineage(self, code: str, on: date) -> list[str]:
        """Return a short code and those that manage it, nearest first: by the tree, else by the digits."""
        line = [code]
        while len(line) < _MOST_STEPS:
            place = self.find(line[-1], on)
            above = place.parent if place else next(iter(parents(line[-1])), None)
            if above is None or len(above) >= len(line[-1]):
                break
            line.append(above)
        return line

    def canonical(self, column: pa.Array | pa.ChunkedArray, on: date, *, scheme: str = OFFICIAL) -> Canonical:
        """Resolve a column of codes; each different code is resolved once."""
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        coded = pc.fill_null(column.cast(pa.string()), "").dictionary_encode()
        codes = coded.dictionary.to_pylist()
        each = [self.resolve(code, on, scheme=scheme) for code in codes]
        known = np.array([one.known for one in each], np.bool_)
        rows = np.bincount(coded.indices.to_numpy(), minlength=len(codes))
        spread = {
            part: pa.array([getattr(one, part) for one in each], pa.string()).take(coded.indices)
            for part in ("region", "county", "town", "village")
        }
        unknown = {code: int(count) for code, one, count in zip(codes, each, rows, strict=True) if not one.known}
        return Canonical(**spread, known=known[coded.indices.to_numpy()], unknown=unknown)

    def _by_name(self, on: date) -> dict[str, list[str]]:
        if on not in self._named:
            self._named[on] = {}
            for (scheme, code), entries in self._places.items():
                if scheme == OFFICIAL and any(entry.valid(on) for entry in entries):
                    self._named[on].setdefault(self.name(code, on), []).append(code)
        return self._named[on]

    def _translated(self, own: str, on: date, scheme: str) -> str:
        """Return the official code that a foreign scheme means, by its longest entry."""
        for part in (own, *parents(own)):
            place = self.find(part, on, scheme=scheme)
            if place is not None and place.successor is not None:
                return place.successor
        return own

    def _today(self, own: str, on: date) -> str:
        for _ in range(_MOST_STEPS):
            place = next(filter(None, (self.find(part, on) for part in (own, *parents(own)))), None)
            if place is None or place.successor is None or place.valid_to is None or place.valid_to > on:
                break
            own = place.successor + (own[len(place.code) :] if self._went_whole(place) else "")
        return own

    def _went_whole(self, place: Place) -> bool:
        """Whether the successor began as this region alone: then the codes below kept their digits."""
        successor = self._places.get((OFFICIAL, place.successor or ""), [])
        began = bool(successor) and successor[0].valid_from == place.valid_to
        return began and self._heirs[place.successor or ""] == 1 and len(place.code) == len(place.successor or "")

    def _hang(self, own: str, on: date, *, known: bool) -> Resolved:
        ancestor = next((each for each in (own, *parents(own)) if (OFFICIAL, each) in self._places), None)
        line = self.lineage(own if ancestor is None else ancestor, on)
        levels = {len(code): code for code in line}
        return Resolved(
            region=pad(own),
            ancestor=ancestor,
            county=pad(next(code for code in line if len(code) <= 6))[:6],
            town=levels.get(9),
            village=levels.get(12),
            known=known,
        )
