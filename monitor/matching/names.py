"""Names as keys: written alike, sounding alike, or unreadable in places; the name as written is kept elsewhere.

No installed library has a maintained table of traditional and variant characters; they mostly sound as
the plain ones do (傑 and 杰 are both jie), so the sound key finds them.
"""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from functools import cache
from operator import or_
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitor.matching.ids import SPACES

Ints = npt.NDArray[np.int64]
# The dot between the parts of a name has a dozen forms; some systems leave it out.
DOTS = "·•・･．.‧∙⋅●。﹒᛫◦˙ꞏ"
# A sound is heard as far as this many characters, and counted in one number (FNV's multiplier).
_HEARD = 12
_MULTIPLIER = 0x100000001B3
UNREADABLE = "?*□■▯\ufffd〓"
_FIRST, _LAST = 0x4E00, 0x9FFF
_PLAIN = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]+").fullmatch
_PRIVATE = range(0xE000, 0xF900)
# GBK put eighty characters into the private area where Unicode had none; later editions of GB 18030 moved them,
# fourteen of them after Python's codec was made.
_MOVED_LATER = {
    0xE816: 0x20087, 0xE817: 0x20089, 0xE818: 0x200CC, 0xE81E: 0x9FB4, 0xE826: 0x9FB5, 0xE82B: 0x9FB6, 0xE82C: 0x9FB7,
    0xE831: 0x215D7, 0xE832: 0x9FB8, 0xE83B: 0x2298F, 0xE843: 0x9FB9, 0xE854: 0x9FBA, 0xE855: 0x241FE, 0xE864: 0x9FBB,
}  # fmt: skip


class Agreement(IntEnum):
    """How far two names agree; only equal ones are evidence without a person's look."""

    DIFFERENT = 0
    SOUND = 1
    READABLE = 2
    EQUAL = 3


def fold(name: str | None) -> str:
    """Return the key of a name: no spaces, no dots, one width, rare characters out of the private area."""
    text = name or ""
    if _PLAIN(text):
        return text
    folded = unicodedata.normalize("NFKC", text.casefold()).translate(_folding())
    return folded if folded == text else fold(folded)


def sound(folded: str) -> str:
    """Return how a folded name sounds: pinyin without tones, each character read the same everywhere."""
    return "".join([_readings().get(character, character) for character in folded])


def agreement(one: str | None, other: str | None) -> Agreement:
    """Say how far two names agree; an absent name agrees with none."""
    left, right = fold(one), fold(other)
    if not left or not right:
        return Agreement.DIFFERENT
    if left == right and not _unreadable(left):
        return Agreement.EQUAL
    if _readable_parts_agree(left, right):
        return Agreement.READABLE
    return Agreement.SOUND if sound(left) == sound(right) else Agreement.DIFFERENT


def keys(column: pa.Array) -> tuple[pa.Array, Ints, Ints]:
    """Return for each name its folded form (null if empty), a number for its sound and one for its family's.

    Names that sound alike, character by character, have one number; an empty name has 0. Names of plain
    characters, nearly all, are read as arrays of bytes.
    """
    column = column.cast(pa.large_string())
    sounds, families = np.zeros(len(column), np.int64), np.zeros(len(column), np.int64)
    odd = np.ones(len(column), np.bool_)
    for rows, codes in plain(column):
        sounds[rows], families[rows] = _heard(codes)
        odd[rows] = False
    rows = np.flatnonzero(odd)
    forms = [fold(name) for name in column.take(pa.array(rows)).to_pylist()]
    letters = np.array(forms, dtype=f"<U{_HEARD}").view(np.uint32).reshape(len(forms), _HEARD)
    sounds[rows], families[rows] = _heard(letters)
    folded = pa.array([form or None for form in forms], pa.large_string())
    return pc.replace_with_mask(column, pa.array(odd), folded), sounds, families


def plain(column: pa.Array, *, longest: int = _HEARD) -> Iterator[tuple[Ints, Ints]]:
    """Yield, by length, the rows of a column (large_string) that are plain CJK characters alone, and those as codes."""
    offsets = np.frombuffer(column.buffers()[1], np.int64)[column.offset : column.offset + len(column) + 1]
    data, lengths = np.frombuffer(column.buffers()[2] or b"", np.uint8), np.diff(offsets)
    lengths[column.is_null().to_numpy(zero_copy_only=False)] = 0
    for characters in range(1, longest + 1):
        rows = np.flatnonzero(lengths == 3 * characters)
        codes, whole = _decoded(data[offsets[rows][:, None] + np.arange(3 * characters)])
        yield rows[whole], codes[whole]


def _decoded(characters: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Decode UTF-8 of three bytes a character, and say which rows are plain CJK characters throughout."""
    parts = characters.reshape(len(characters), characters.shape[1] // 3, 3).astype(np.int64)
    codes = ((parts[:, :, 0] & 0x0F) << 12) | ((parts[:, :, 1] & 0x3F) << 6) | (parts[:, :, 2] & 0x3F)
    three_bytes = (parts[:, :, 0] >> 4 == 0xE).all(axis=1)
    return codes, three_bytes & ((codes >= _FIRST) & (codes <= _LAST)).all(axis=1)


def _heard(codes: npt.NDArray[Any]) -> tuple[Ints, Ints]:
    """Return the number of each row's sound and of its first syllable."""
    heard = _syllables()[codes]
    sounds = np.zeros(len(codes), np.uint64)
    for place in range(_HEARD):
        sounds *= np.uint64(_MULTIPLIER)
        if place < heard.shape[1]:
            sounds += heard[:, place]
    return sounds.view(np.int64), heard[:, 0].view(np.int64)


def _readable_parts_agree(left: str, right: str) -> bool:
    if len(left) != len(right):
        return False
    pairs = list(zip(left, right, strict=True))
    unreadable = [_unreadable(one) or _unreadable(other) for one, other in pairs]
    same = [one == other for one, other in pairs]
    return any(unreadable) and not all(unreadable) and all(map(or_, unreadable, same))


def _unreadable(text: str) -> bool:
    return any(character in UNREADABLE or ord(character) in _PRIVATE for character in text)


@cache
def _folding() -> dict[int, int | None]:
    codes = [0xFE50 + place for place in range(81) if 0xFE50 + place != 0xFE7F]
    moved = {0xE815 + place: ord(code.to_bytes(2).decode("gb18030")) for place, code in enumerate(codes)}
    dropped: Iterable[int] = map(ord, SPACES + DOTS)
    return {**moved, **_MOVED_LATER, **dict.fromkeys(dropped)}


@cache
def dictionary() -> Mapping[int, str]:
    """Return every sign's readings by its code; read when first asked for, and without the phrases.

    Those would cost each process that never looks at a name 0.3 seconds and 45 MiB.
    """
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "yes")
    from pypinyin.constants import PINYIN_DICT

    return PINYIN_DICT


@cache
def _readings() -> dict[str, str]:
    return {chr(code): plain_syllable(readings.split(",")[0]) for code, readings in dictionary().items()}


@cache
def _syllables() -> npt.NDArray[np.uint64]:
    """Number each character's syllable; a character without a reading is a syllable of its own."""
    numbered = np.arange(0x110000, dtype=np.uint64) + np.uint64(len(_readings()))
    numbered[0] = 0
    order = {syllable: place for place, syllable in enumerate(sorted(set(_readings().values())), 1)}
    for character, syllable in _readings().items():
        numbered[ord(character)] = order[syllable]
    return numbered


def plain_syllable(syllable: str) -> str:
    """Return a syllable without its tone; the diaeresis is a letter of its own: lǜ is lv."""
    parts = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    return "".join(part for part in parts if not unicodedata.combining(part))
