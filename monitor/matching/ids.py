"""ID numbers one at a time: what was written, what it is, and what it may have been before a slip.

GB 11643: six digits of the place of first issue, eight of the birth date, three of sequence (odd: male), one
check character. ``monitor.matching.numbers`` does the same for whole columns and is proven equal.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from itertools import pairwise

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
# What the sum of seventeen digits holds too much when each is taken as it is written, "0" being 48.
_WRITTEN = ord("0") * sum(WEIGHTS)
# For each of the 18 places the factor that undoes its weight, modulo 11 (the check character weighs 1).
_WEIGHED = (*WEIGHTS, 1)
_UNDOES = tuple(pow(weight, -1, 11) for weight in _WEIGHED)
# What a value gains by moving one place to the left.
_STEPS = tuple(left - right for left, right in pairwise(_WEIGHED))
BIRTH = range(6, 14)
ALPHABET = "0123456789X"
# Spaces of every width and the invisible marks that spreadsheets and messengers leave behind.
SPACES = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u202f\u205f\u2060\u3000\ufeff"
)
# Excel marks a number as text with an apostrophe; some exports write ="3402...".
QUOTES = "'\"=`\u2018\u2019\u201c\u201d"
_FLOAT = re.compile(r"[0-9]+(\.[0-9]*)?E\+?[0-9]+|[0-9]+\.[0-9]*")
_OTHER = re.compile(r"[A-Z]{1,4}[0-9]{6,19}")
_OLD_FOREIGNER = re.compile(r"[A-Z]{3}[0-9]{12}")
_FULL_WIDTH = {ord(wide): ord(wide) - 0xFEE0 for wide in map(chr, range(0xFF01, 0xFF5F))}
_UPPER = {small: small - 32 for small in range(ord("a"), ord("z") + 1)}
_UPPER_WIDE = {wide: narrow - 32 for wide, narrow in _FULL_WIDTH.items() if narrow in _UPPER}
_DROPPED = dict.fromkeys(map(ord, SPACES + QUOTES + "\uff07\uff02\uff1d\uff40"))
_CLEANING: dict[int, int | None] = {**_FULL_WIDTH, **_UPPER, **_UPPER_WIDE, **_DROPPED}


class Kind(IntEnum):
    """What an entry in an ID-number column turned out to be."""

    MISSING = 0
    RESIDENT = 1
    EXPANDED = 2
    PERMIT = 3
    FOREIGNER = 4
    OTHER = 5
    DAMAGED = 6
    PRECISION_LOST = 7
    INVALID = 8


USABLE = frozenset({Kind.RESIDENT, Kind.EXPANDED, Kind.PERMIT, Kind.FOREIGNER, Kind.OTHER})
EXPLAINED = {
    Kind.MISSING: ("证件号码为空", "the ID number is missing"),
    Kind.RESIDENT: ("居民身份证", "resident ID number"),
    Kind.EXPANDED: ("15位旧号，已换算为18位", "15-digit number, expanded to 18"),
    Kind.PERMIT: ("港澳台居民居住证", "residence permit (Hong Kong, Macao, Taiwan)"),
    Kind.FOREIGNER: ("外国人永久居留身份证", "foreigner's permanent residence card"),
    Kind.OTHER: ("其他证件或临时编号，仅按完全相同匹配", "another paper or a temporary number, matched as it stands"),
    Kind.DAMAGED: ("证件号码校验位不符，请核对原件", "the ID number fails its check digit: compare it with the card"),
    Kind.PRECISION_LOST: (
        "证件号码被电子表格转成数值，末几位已丢失，请按文本格式重新导出",
        "precision lost: a spreadsheet turned the ID number into a float; export the column again as text",
    ),
    Kind.INVALID: ("不是有效的证件号码", "this is not an ID number of any known kind"),
}


@dataclass(frozen=True)
class Normalised:
    """An entry's kind and, if it may be matched, its canonical number."""

    kind: Kind
    number: str | None


@dataclass(frozen=True)
class Candidate:
    """A number that one slip of the pen turns into the damaged one; ``places`` count from 0."""

    number: str
    slip: str
    places: tuple[int, ...]

    @property
    def keeps_birth(self) -> bool:
        """Whether the slip lies outside the birth date, so the damaged number still tells it."""
        return not any(place in BIRTH for place in self.places)


def clean(text: str) -> str:
    """Return ``text`` without spaces and quotes, half-width and upper-case; letters beyond ASCII stay."""
    return text.translate(_CLEANING)


def normalise(text: str | None) -> Normalised:
    """Say what ``text`` is; only a number that may be matched on its own comes with its canonical form.

    A number cell of a spreadsheet must be given as its float's text ("5.2E+17", "340203730821692.0"):
    its last digits are gone, whatever they look like, and are never guessed.
    """
    cleaned = clean(text or "")
    kind = _kind(cleaned)
    if kind is Kind.EXPANDED:
        return Normalised(kind, expand_15(cleaned))
    return Normalised(kind, cleaned if kind in USABLE else None)


def check_digit(first_17: str) -> str:
    """Return the check character of seventeen digits (GB 11643, ISO 7064 MOD 11-2)."""
    weighed = sum(weight * sign for weight, sign in zip(WEIGHTS, first_17.encode(), strict=True))
    return CHECKS[(weighed - _WRITTEN) % 11]


def checksum_ok(number: str) -> bool:
    """Whether ``number`` is seventeen ASCII digits and their check character."""
    return _digits(number[:17], 17) and number[17:] == check_digit(number[:17])


def expand_15(number: str) -> str:
    """Return the 18-digit form of a 15-digit number: century 19, check character computed."""
    first_17 = f"{number[:6]}19{number[6:]}"
    return first_17 + check_digit(first_17)


def birth_on(number: str) -> date | None:
    """Return the birth date that an 18-digit number tells; None if there is no such day."""
    segment = number[6:14]
    if not _digits(segment, 8):
        return None
    try:
        return date(int(segment[:4]), int(segment[4:6]), int(segment[6:]))
    except ValueError:
        return None


def sex(number: str) -> str:
    """Return the sex that an 18-digit number tells, in GB/T 2261.1: 1 male, 2 female."""
    return "1" if int(number[16]) % 2 else "2"


def candidates(damaged: str) -> tuple[Candidate, ...]:
    """Return every valid number that lies one slip from ``damaged`` (18 characters), in a fixed order.

    A slip is one wrong character or two adjacent ones swapped. Numbers that tell an impossible birth
    date are left out. With the other seventeen given, the checksum leaves one value for each place:
    a valid number satisfies sum(weight * value) = 1 modulo 11, X counting ten.
    """
    values = [ALPHABET.find(character) for character in damaged]
    excess = sum(weight * value for weight, value in zip(_WEIGHED, values, strict=True)) - 1
    slips = (*_one_wrong(damaged, values, excess), *_two_swapped(damaged, values, excess))
    return tuple(slip for slip in slips if checksum_ok(slip.number) and birth_on(slip.number))


def _kind(cleaned: str) -> Kind:
    if not cleaned:
        return Kind.MISSING
    if _FLOAT.fullmatch(cleaned):
        return Kind.PRECISION_LOST
    if len(cleaned) == 18:
        return _kind_of_18(cleaned)
    if _digits(cleaned, 15):
        return Kind.EXPANDED
    if _OLD_FOREIGNER.fullmatch(cleaned):
        return Kind.FOREIGNER
    return Kind.OTHER if _OTHER.fullmatch(cleaned) else Kind.INVALID


def _kind_of_18(cleaned: str) -> Kind:
    if checksum_ok(cleaned):
        if cleaned[:2] in ("81", "82", "83"):
            return Kind.PERMIT
        return Kind.FOREIGNER if cleaned[0] == "9" else Kind.RESIDENT
    if _digits(cleaned, 18) and cleaned.endswith("000"):
        # A spreadsheet keeps fifteen significant digits and writes zeros for the rest.
        return Kind.PRECISION_LOST
    return Kind.DAMAGED if sum(character in ALPHABET[:10] for character in cleaned) >= 16 else Kind.INVALID


def _digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()


def _one_wrong(damaged: str, values: Sequence[int], excess: int) -> Iterator[Candidate]:
    for place, value in enumerate(values):
        right = ALPHABET[(value - excess * _UNDOES[place]) % 11]
        yield Candidate(damaged[:place] + right + damaged[place + 1 :], "digit", (place,))


def _two_swapped(damaged: str, values: Sequence[int], excess: int) -> Iterator[Candidate]:
    for place, (left, right) in enumerate(pairwise(values)):
        if (excess + _STEPS[place] * (right - left)) % 11 == 0:
            number = damaged[:place] + damaged[place + 1] + damaged[place] + damaged[place + 2 :]
            yield Candidate(number, "swap", (place, place + 1))
