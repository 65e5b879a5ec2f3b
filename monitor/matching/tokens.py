"""Keyed tokens of whole columns of names: those of ``spelling.ways``, name by name, for a fraction of the time.

Names of a few plain characters, nearly all, are arrays of code points; each distinct beginning is spelt and keyed once.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

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
Texts: TypeAlias = Sequence[str | None] | pa.Array


class Tokens:
    """The keyed token of each key met in a run, reckoned once: most families share the names' beginnings."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring
        self._known: dict[str, int] = {}
        self._syllables = _Syllables()

    def of(self, keys: Iterable[str]) -> list[int]:
        """Return the token of each key."""
        asked = list(keys)
        known = dict(zip(distinct := list(dict.fromkeys(asked)), self._of_distinct(distinct), strict=True))
        return [known[key] for key in asked]

    def _of_distinct(self, keys: list[str]) -> list[int]:
        """Return the token of each of ``keys``, few of which come twice."""
        found = list(map(self._known.get, keys))
        unseen = [key for key, token in zip(keys, found, strict=True) if token is None]
        digests = b"".join(blind_indexes(self.keyring, [f"search:{key}" for key in unseen]))
        tokens: list[int] = np.frombuffer(digests, ">i8")[:: _DIGEST // 8].tolist()
        self._known.update(zip(unseen, tokens, strict=True))
        if len(unseen) == len(keys):
            return tokens
        fresh = iter(tokens)
        return [next(fresh) if token is None else token for token in found]

    def of_people(self, called: Texts, numbered: Texts) -> tuple[Keys, Keys]:
        """Return as two columns each token of some people, by name and number, and the place of its person.

        In no order; a name that has a key in two ways may have its token twice.
        """
        column, odd = _column(called), np.ones(len(called), np.bool_)
        parts = list(self._quick(column, odd))
        parts += [self._one_by_one(column, np.flatnonzero(odd)), self._lasts(_column(numbered))]
        tokens, places = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
        return tokens, places

    def _one_by_one(self, column: pa.Array, places: Keys) -> tuple[Keys, Keys]:
        called = column.take(pa.array(places, pa.int64())).to_pylist()
        keys = [spelling.ways(name) if name else frozenset() for name in called]
        flat = np.array(self.of(chain.from_iterable(keys)), np.int64)
        return flat, np.repeat(places, np.fromiter(map(len, keys), np.int64, len(keys)))

    def _lasts(self, numbers: pa.Array) -> tuple[Keys, Keys]:
        """The last four of each number that is longer than they; each distinct four is keyed once."""
        long = pc.fill_null(pc.greater(pc.utf8_length(numbers), LAST), False)
        ends = pc.utf8_slice_codeunits(numbers.filter(long), -LAST).dictionary_encode()
        tokens = self.of(f"d:{end.upper()}" for end in ends.dictionary.to_pylist())
        places = np.flatnonzero(long.to_numpy(zero_copy_only=False))
        return np.array(tokens, np.int64)[ends.indices.to_numpy()], places

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
        tokens = self._of_distinct([kind + text for text in spelt((distinct[:, None] >> shifts) & _MASK)])
        found: Keys = np.array(tokens, np.int64)[back]
        return found


def _column(texts: Texts) -> pa.Array:
    return texts.cast(pa.large_string()) if isinstance(texts, pa.Array) else pa.array(texts, pa.large_string())


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
