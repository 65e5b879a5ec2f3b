"""What the sheets of an .xlsx would decode to, cells and texts, reckoned before any reader makes it."""

import re
from collections.abc import Mapping

_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]*)([0-9]+)""")
# Cells and rows that were only formatted: the reader leaves them out, so they do not count.
_BARE = (re.compile(rb'<c r="[A-Z]+[0-9]+"(?: s="[0-9]+")?\s*/>'), re.compile(rb"<row [^<>]*(?:/>|></row>)"))
_ITEM = re.compile(rb"<(?:\w+:)?si\b.*?</(?:\w+:)?si>", re.DOTALL)
_CELL = re.compile(rb"<c\b([^<>]*)>(?:<f\b[^<>]*(?:/>|>[^<]*</f>))?<v>([^<]*)</v>")
_SHARED = re.compile(rb"""\bt\s*=\s*["']s["']""")
_VALUE = re.compile(rb"<(?:\w+:)?v\b")


def is_sheet(part: bytes) -> bool:
    """Whether a part of a workbook is a sheet, whatever its name: a workbook names its sheets as it likes."""
    return b"sheetData" in part


def cells(part: bytes, *, enough: int) -> int:
    """Return how many cells the grid of a sheet has; formatting beyond the table is left out past ``enough``."""
    found = _spread(part)
    if found > enough:
        for bare in _BARE:
            part = bare.sub(b"", part)
        found = _spread(part)
    return found


def _spread(part: bytes) -> int:
    """Return how many cells lie from the first to the furthest row and column named."""
    letters, last = set(), 0
    for place in _PLACE.finditer(part):
        letters.add(place[1].upper())
        last = max(last, int(place[2][:12]))
    return last * max((_column(each) for each in letters), default=0)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters[:9]:
        number = number * 26 + letter - 64
    return number


def characters(parts: Mapping[str, bytes], *, enough: int) -> int:
    """Return how many bytes the shared texts make once each cell has its own copy; exact only past ``enough``.

    A value that cannot be told for sure counts as the longest text, and so does each beside comments or sections
    of raw text, which no spreadsheet writes and which could hide an entry from the count.
    """
    sheets = [part for part in parts.values() if is_sheet(part)]
    shared = [part for part in parts.values() if b"sst" in part and not is_sheet(part)]
    lengths = [len(item[0]) for part in shared for item in _ITEM.finditer(part)]
    values, longest = sum(len(_VALUE.findall(part)) for part in sheets), max(map(len, shared), default=0)
    if values * longest <= enough:
        return values * longest
    if any(b"<!" in part or part.count(b"<?") > 1 for part in shared):
        return values * longest
    longest, total = max(lengths, default=0), 0
    for cell in (cell for part in sheets for cell in _CELL.finditer(part)):
        values -= 1
        if _SHARED.search(cell[1]):
            at = int(cell[2]) if cell[2].isdigit() and len(cell[2]) < 10 else len(lengths)
            total += lengths[at] if at < len(lengths) else longest
    return total + max(values, 0) * longest
