"""Keyed tokens of whole columns of names: those of ``spelling.ways``, name by name, for a fraction of the time.

Names of a few plain characters, nearly all, are arrays of code points; each distinct beginning is spelt and keyed once.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from monitor.matching import names, spelling
from monitor.matching.exact import blind_indexes
from monitor.matching.numbers import Keys
from monitor.matching.spelling import DOUBLE, LEAST, MOST_VARIANTS
from monitor.privacy import Keyring

LAST = 4
_DIGEST = 32  # bytes, the first eight of which are the token
_LONGEST = 4  # characters: sixteen bits of each fill a number
_BITS = 16
_MASK = np.uint64((1 << _BITS) - 1)
_PLAIN = re.compile("[a-uw-z]+").fullmatch  # a v is typed in several ways
Parts = npt.NDArray[np.uint64]
Sounds = npt.NDArray[np.uint16]
Mask = npt.NDArray[np.bool_]


class Tokens:
    """The keyed token of each key met in a run, reckoned once: most families share the names' beginnings."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring
        self._known: dict[str, int] = {}
        self._syllables = _Syllables()

    def of(self, keys: Iterable[str]) -> list[int]:
        """Return the token of each key."""
        known, asked = self._known, list(keys)
        found = list(map(known.get, asked))
        if None in found:
            unseen = list({key: None for key, token in zip(asked, found, strict=True) if token is None})
            digests = b"".join(blind_indexes(self.keyring, [f"search:{key}" for key in unseen]))
            known.update(zip(unseen, np.frombuffer(digests, ">i8")[:: _DIGEST // 8].tolist(), strict=True))
        return [known[key] for key in asked]

    def of_people(self, called: Sequence[str | None], numbered: Sequence[str | None]) -> tuple[Keys, Keys]:
        """Return as two columns each token of some people, by name and number, and the place of its person.

        In no order; a name that has a key in two ways may have its token twice.
        """
        column, odd = pa.array(called, pa.large_string()), np.ones(len(called), np.bool_)
        parts = list(self._quick(column, odd))
        parts += [self._one_by_one(called, np.flatnonzero(odd)), self._lasts(numbered)]
        tokens, places = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
        return tokens, places

    def _one_by_one(self, called: Sequence[str | None], places: Keys) -> tuple[Keys, Keys]:
        keys = [spelling.ways(name) if (name := called[place]) else frozenset() for place in places.tolist()]
        flat = np.array(self.of(chain.from_iterable(keys)), np.int64)
        return flat, np.repeat(places, np.fromiter(map(len, keys), np.int64, len(keys)))

    def _lasts(self, numbered: Sequence[str | None]) -> tuple[Keys, Keys]:
        """The last four of each number that is longer than they."""
        ends = [f"d:{number[-LAST:].upper()}" if number and len(number) > LAST else "" for number in numbered]
        places = np.flatnonzero(np.fromiter(map(bool, ends), np.bool_, len(ends)))
        return np.array(self.of(filter(None, ends)), np.int64), places

    def _quick(self, column: pa.Array, odd: Mask) -> Iterator[tuple[Keys, Keys]]:
        """Yield the tokens of names of plain characters and plain sounds; ``odd`` keeps who is left over."""
        for rows, codes in names.plain(column, longest=_LONGEST):
            families, usual, plain = self._syllables.of(codes)
            odd[rows[plain]] = False
            yield from self._spelt(rows[plain], codes[plain], families[plain], usual[plain])

    def _spelt(self, rows: Keys, codes: Keys, families: Sounds, usual: Sounds) -> Iterator[tuple[Keys, Keys]]:
        for end in range(LEAST, codes.shape[1] + 1):
            yield self._keyed("n:", codes[:, :end], _letters), rows
            for way in range(families.shape[1]):
                told = np.flatnonzero(families[:, way])
                spoken = np.column_stack([families[told, way], usual[told, : end - 1]])
                yield self._keyed("p:", spoken, self._syllables.spelt), rows[told]
                yield self._keyed("i:", self._syllables.initials(spoken), _letters), rows[told]

    def _keyed(self, kind: str, parts: npt.NDArray[Any], spelt: Callable[[Parts], list[str]]) -> Keys:
        """Return the token of each row of ``parts``, numbers of sixteen bits; each distinct row is spelt once."""
        packed = np.zeros(len(parts), np.uint64)
        for column in parts.T:
            packed = (packed << np.uint64(_BITS)) | column.astype(np.uint64)
        back, distinct = pd.factorize(packed)
        shifts = np.arange(_BITS * (parts.shape[1] - 1), -1, -_BITS, dtype=np.uint64)
        tokens = self.of([kind + text for text in spelt((distinct[:, None] >> shifts) & _MASK)])
        found: Keys = np.array(tokens, np.int64)[back]
        return found


class _Syllables:
    """How characters sound, numbered as they are met; 0 is no syllable."""

    def __init__(self) -> None:
        self._texts: dict[str, int] = {"": 0}
        self._seen, self._odd = (np.zeros(1 << _BITS, np.bool_) for _ in range(2))
        self._usual = np.zeros(1 << _BITS, np.uint16)
        self._families = np.zeros((1 << _BITS, MOST_VARIANTS), np.uint16)

    def of(self, codes: Keys) -> tuple[Sounds, Sounds, Mask]:
        """Return of each name the ways its family name sounds, how the others do, and whether all of it is plain."""
        for code in np.unique(codes[~self._seen[codes]]).tolist():
            self._meet(code)
        plain: Mask = ~np.any(self._odd[codes], axis=1)
        if codes.shape[1] >= LEAST:
            plain &= ~np.isin((codes[:, 0] << _BITS) | codes[:, 1], _DOUBLE_CODES)
        return self._families[codes[:, 0]], self._usual[codes[:, 1:]], plain

    def _meet(self, code: int) -> None:
        families, usual = spelling.family(chr(code))[:MOST_VARIANTS], spelling.usual(chr(code))
        self._seen[code], self._odd[code] = True, not all(map(_PLAIN, (*families, usual)))
        numbers = [self._texts.setdefault(text, len(self._texts)) for text in (usual, *families)]
        self._usual[code], self._families[code, : len(families)] = numbers[0], numbers[1:]

    def spelt(self, spoken: Parts) -> list[str]:
        """Return the syllables of each row in one word."""
        texts = np.array(list(self._texts), dtype=object)
        found: list[str] = texts[spoken].sum(axis=1).tolist() if len(spoken) else []
        return found

    def initials(self, spoken: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the code points of the syllables' first letters."""
        letters = np.fromiter((ord(text[0]) if text else 0 for text in self._texts), np.uint64, len(self._texts))
        found: npt.NDArray[np.uint64] = letters[spoken]
        return found


_DOUBLE_CODES = np.array([(ord(pair[0]) << _BITS) | ord(pair[1]) for pair in DOUBLE], np.int64)


def _letters(codes: Parts) -> list[str]:
    texts: list[str] = np.ascontiguousarray(codes, np.uint32).view(f"<U{codes.shape[1]}").ravel().tolist()
    return texts
