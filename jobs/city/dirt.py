"""How agencies spoil what they send, and the note of each row that was spoiled.

The shares are those of a bad month, not of a bad agency: about one row in thirty carries some blemish, one in two
hundred a number that no longer names its person.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.city.identities import GIVEN, HOMOPHONES, SURNAMES
from jobs.city.plan import Flags, Ints

CLEAN = "clean"
NUMBER_DIRT = (  # name, share of rows
    ("fifteen_digits", 0.012),
    ("lower_case_x", 0.030),
    ("full_width", 0.003),
    ("spaces", 0.008),
    ("apostrophe", 0.003),
    ("one_digit_wrong", 0.0025),
    ("two_digits_swapped", 0.0015),
    ("sent_as_float", 0.0003),
)
NAME_DIRT = (("name_spaces", 0.006), ("homophone", 0.003), ("someone_elses", 0.0005), ("dot_variant", 0.5))
LOSES_THE_PERSON = frozenset({"one_digit_wrong", "two_digits_swapped", "sent_as_float"})
_SOUNDS = {letter: group for group in HOMOPHONES for letter in group}
_FULL_WIDTH = {ord(letter): ord(letter) + 0xFEE0 for letter in "0123456789X"}


@dataclass(frozen=True)
class Spoiled:
    """A text column (of ``number`` or ``name``) and what was done to each row (a place in ``kinds``; 0 is clean)."""

    about: str
    texts: pa.StringArray
    what: Ints
    kinds: tuple[str, ...]


def numbers(chance: np.random.Generator, clean: pa.StringArray, none: Flags, scale: float = 1.0) -> Spoiled:
    """Spoil ID numbers: still the same person for a reader who folds and repairs, or lost for good, or never there."""
    spoiled = _spoil(chance, clean, _scaled(NUMBER_DIRT, scale), _NUMBER)
    if not none.any():
        return spoiled
    what = np.where(none, len(spoiled.kinds), spoiled.what).astype(np.int8)
    texts = pc.if_else(pa.array(none), pa.scalar(None, pa.string()), spoiled.texts)
    return Spoiled("number", texts, what, (*spoiled.kinds, "numberless"))


def names(chance: np.random.Generator, clean: pa.StringArray, scale: float = 1.0) -> Spoiled:
    """Spoil names as typists do."""
    return _spoil(chance, clean, _scaled(NAME_DIRT, scale), _NAME)


def _scaled(shares: tuple[tuple[str, float], ...], scale: float) -> tuple[tuple[str, float], ...]:
    return tuple((kind, share * scale) for kind, share in shares)


Spoiler = Callable[[str, np.random.Generator], str]


def _spoil(
    chance: np.random.Generator,
    clean: pa.StringArray,
    shares: tuple[tuple[str, float], ...],
    spoilers: dict[str, Spoiler],
) -> Spoiled:
    bounds = np.cumsum([share for _, share in shares])
    draw = np.searchsorted(bounds, chance.random(len(clean), dtype=np.float32), side="right")
    what = np.where(draw < len(shares), draw + 1, 0).astype(np.int8)
    kinds = (CLEAN, *(kind for kind, _ in shares))
    if "dot_variant" in kinds:
        _only_dotted(clean, what, kinds.index("dot_variant"))
    rows = np.flatnonzero(what)
    old = clean.take(pa.array(rows)).to_pylist()
    new = [spoilers[kinds[what[row]]](text, chance) for row, text in zip(rows, old, strict=True)]
    what[rows[np.array([a == b for a, b in zip(old, new, strict=True)], dtype=bool)]] = 0
    mask = np.zeros(len(clean), dtype=bool)
    mask[rows] = True
    about = "number" if spoilers is _NUMBER else "name"
    return Spoiled(about, pc.replace_with_mask(clean, pa.array(mask), pa.array(new, pa.string())), what, kinds)


def _only_dotted(clean: pa.StringArray, what: Ints, dotted: int) -> None:
    has_dot = pc.match_substring(clean, "·").to_numpy(zero_copy_only=False)
    what[(what == dotted) & ~has_dot] = 0


def _fifteen(number: str, _: np.random.Generator) -> str:
    return number[:6] + number[8:17] if number[6:8] == "19" else number


def _spaces(text: str, chance: np.random.Generator) -> str:
    return (" " + text, text + " ", f"{text[:6]} {text[6:]}", text + "\u3000")[chance.integers(4)]


def _one_wrong(number: str, chance: np.random.Generator) -> str:
    place = int(chance.integers(18))
    other = str((int(number[place].replace("X", "0")) + int(chance.integers(1, 10))) % 10)
    return number[:place] + other + number[place + 1 :]


def _swapped(number: str, chance: np.random.Generator) -> str:
    for place in (chance.permutation(16)).tolist():
        if number[place] != number[place + 1]:
            return number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    return number


def _as_float(number: str, _: np.random.Generator) -> str:
    return number if number.endswith("X") else f"{float(number):.5E}"


def _homophone(name: str, chance: np.random.Generator) -> str:
    group = _SOUNDS.get(name[-1], "")
    return name[:-1] + group[int(chance.integers(len(group)))] if len(group) > 1 else name


def _someone_elses(_: str, chance: np.random.Generator) -> str:
    """The number is right and the name another's: the line above or below was copied."""
    return SURNAMES[int(chance.integers(len(SURNAMES)))] + GIVEN[int(chance.integers(len(GIVEN)))]


def _name_spaces(name: str, chance: np.random.Generator) -> str:
    return (f"{name[0]} {name[1:]}", f" {name}", f"{name} ", f"{name[0]}\u3000{name[1:]}")[chance.integers(4)]


def _dot_variant(name: str, chance: np.random.Generator) -> str:
    return name.replace("·", (".", "・", "•", "．")[chance.integers(4)])


_NUMBER: dict[str, Spoiler] = {
    "fifteen_digits": _fifteen,
    "lower_case_x": lambda number, _: number.lower(),
    "full_width": lambda number, _: number.translate(_FULL_WIDTH),
    "spaces": _spaces,
    "apostrophe": lambda number, _: "'" + number,
    "one_digit_wrong": _one_wrong,
    "two_digits_swapped": _swapped,
    "sent_as_float": _as_float,
}
_NAME: dict[str, Spoiler] = {
    "name_spaces": _name_spaces,
    "homophone": _homophone,
    "someone_elses": _someone_elses,
    "dot_variant": _dot_variant,
}
