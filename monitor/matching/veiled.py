"""People as codes: whether two are alike in name, sound or phone can be told of everybody, and nothing be read.

Beside them the letters of names and phones lie sealed, to be opened for some thousands at a time. All of it is worth
nothing outside its process: the keys are drawn when it starts and never written.
"""

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from monitor.matching import evidence
from monitor.matching.chance import NAME_WIDTH, Letters
from monitor.matching.numbers import Keys

COLUMNS = ("name", "sound", "family", "phone")
_NOTHING = np.int64(0)
_MASK, _FIRST, _SECOND = np.frombuffer(os.urandom(24), np.uint64) | np.uint64(1)

_HALF = 2  # words of 64 bits: four characters of a name, and as many again for the eleven digits of a phone
_PHONE = 16
_SEALING = Cipher(algorithms.AES256(os.urandom(32)), modes.ECB())  # noqa: S305 - it makes a stream: no text is its input


class Veiled(NamedTuple):
    """Some people in the order of their keys, each once: what the register last said of them, as codes (0: nothing).

    ``said`` is its fingerprint (``Person.said``; 0: there is none).
    """

    people: Keys
    said: Keys
    name: Keys
    sound: Keys
    family: Keys
    phone: Keys
    letters: Keys

    def places(self, people: Keys, said: Keys) -> Keys:
        """Return the place here of each of ``people`` of whom the same is said; else, or where nothing is said, -1."""
        if not len(self.people):
            return np.full(len(people), -1)
        at = np.minimum(np.searchsorted(self.people, people), len(self.people) - 1)
        return np.where((self.people[at] == people) & (self.said[at] == said) & (said != 0), at, -1)

    def take(self, places: Keys) -> "Veiled":
        """Return those at ``places`` alone."""
        return Veiled(*(column[places] for column in self))

    def spelt(self, places: Keys) -> dict[str, Letters]:
        """Return the letters of names and phones of those at ``places``, as ``chance.count`` wants them."""
        opened = self.letters[places] ^ _stream(self.people[places], self.said[places])
        names, phones = opened[:, :_HALF].copy().view(np.uint32), opened[:, _HALF:].copy().view(np.uint8)
        birth = np.zeros((1, len(places)), np.uint32)
        return {"name": names.T.copy(), "phone": phones.T.astype(np.uint32), "birth": birth}

    def columns(self) -> dict[str, pa.Array]:
        """Return the codes as columns, null where there is nothing."""
        return {name: _nullable(getattr(self, name)) for name in COLUMNS}


def veil(people: Keys, said: Keys, names: pa.Array, phones: pa.Array) -> Veiled:
    """Return ``people`` (in order), called and phoned so, as codes."""
    told = evidence.records(name=names, phone=phones, county=pa.nulls(len(people), pa.string()))
    letters = np.zeros((len(people), 2 * _HALF), np.int64)
    for place, name, kind in ((0, "name", f"<U{NAME_WIDTH}"), (_HALF, "phone", f"S{_PHONE}")):
        texts = np.array(told[name].fill_null("").to_pylist(), kind)
        letters[:, place : place + _HALF] = texts.view(np.int64).reshape(len(people), _HALF)
    return Veiled(*[people, said, *_codes(told), letters ^ _stream(people, said)])


def records(readable: pa.Table) -> pa.Table:
    """Return records (``evidence.records``) with codes in their values' stead, where there are any."""
    for name, codes in zip(COLUMNS, _codes(readable), strict=True):
        readable = readable.set_column(readable.schema.get_field_index(name), name, _nullable(codes))
    return readable


def joined(parts: Sequence[Veiled]) -> Veiled:
    """Return the people of ``parts`` one after the other."""
    return Veiled(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def merged(parts: Sequence[Veiled]) -> Veiled:
    """Return everybody in ``parts`` once, as the last of them has it."""
    together = joined(parts)
    order = np.argsort(together.people, kind="stable")
    last = np.append(np.diff(together.people[order]) != 0, True)[: len(order)]
    return together.take(order[last])


NOBODY = Veiled(*[*(np.empty(0, np.int64) for _ in range(6)), np.empty((0, 2 * _HALF), np.int64)])


class Heard:
    """What a run has learned of people, as codes."""

    def __init__(self) -> None:
        self.all = NOBODY

    def learn(self, parts: Sequence[Veiled]) -> None:
        """Learn what is said of some people; the last word on each holds."""
        if parts:
            self.all = merged([self.all, *parts])


def _stream(people: Keys, said: Keys) -> Keys:
    """Return what seals the letters of each of ``people``: AES of numbers that never come twice with other letters."""
    numbers = np.empty((len(people), _HALF, 2), np.int64)
    numbers[:, :, 0] = people[:, None]
    numbers[:, :, 1] = said[:, None] ^ np.arange(_HALF)
    sealed = _SEALING.encryptor().update(numbers.tobytes())
    return np.frombuffer(sealed, np.int64).reshape(len(people), 2 * _HALF)


def _codes(records: pa.Table) -> Iterator[Keys]:
    """Yield the codes of the ``COLUMNS`` of some records, 0 where there is nothing."""
    for name in COLUMNS:
        column = records[name]
        none: npt.NDArray[np.bool_] = column.is_null().to_numpy(zero_copy_only=False)
        numbers = column.fill_null(0).to_numpy() if pa.types.is_integer(column.type) else _hashed(column)
        yield np.where(none, _NOTHING, _scrambled(numbers))


def _hashed(texts: pa.ChunkedArray) -> Keys:
    return np.fromiter(map(hash, texts.to_pylist()), np.int64, len(texts))


def _scrambled(numbers: Keys) -> Keys:
    """Return numbers in whose stead nobody can tell which they were: one for each, and never 0 but by a rare chance."""
    words = (numbers.view(np.uint64) ^ _MASK) * _FIRST
    words ^= words >> np.uint64(32)
    words *= _SECOND
    words ^= words >> np.uint64(29)
    scrambled: Keys = words.view(np.int64)
    return scrambled


def _nullable(codes: Keys) -> pa.Array:
    return pa.array(codes, mask=codes == _NOTHING)
