"""What an .xls would decode to, reckoned from its records before any reader makes it: cells, and texts.

An .xls is a little file system (MS-CFB) whose stream "Workbook" is a list of records (MS-XLS). A reader makes the
whole grid between the first and the furthest cell, and writes a shared text out for each cell that points to it:
a megabyte of records can name terabytes.
"""

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

SECTOR_FREE = 0xFFFFFFFA
STREAMS = ("workbook", "book")
CELLS = {0x0006, 0x0203, 0x0204, 0x0205, 0x027E, 0x00BD, 0x00BE, 0x00D6, 0x00FD, 0x0201, 0x0001, 0x0002, 0x0003,
         0x0004, 0x0005, 0x0207, 0x0206, 0x0406, 0x007E}  # fmt: skip
SEVERAL = (0x00BD, 0x00BE)
DIMENSIONS, SHARED, CONTINUED, POINTS = 0x0200, 0x00FC, 0x003C, 0x00FD
LOCKED = 0x002F
BEGINS = (0x0809, 0x0009, 0x0209, 0x0409)


@dataclass
class Extent:
    """How much a workbook decodes to: cells of all its grids together, and characters of shared texts."""

    cells: int = 0
    characters: int = 0
    _uses: Counter[int] = field(default_factory=Counter)
    _texts: list[bytes] = field(default_factory=list)
    _corner: tuple[int, int] = (0, 0)

    def take(self, kind: int, body: bytes) -> None:
        """Count one record."""
        if kind == LOCKED:
            raise ValueError("a password")
        if kind in BEGINS:
            self.close()
        elif kind == DIMENSIONS and len(body) >= 12:
            self._reach(struct.unpack_from("<I", body, 4)[0], struct.unpack_from("<H", body, 10)[0])
        elif kind in CELLS and len(body) >= 6:
            row, column = struct.unpack_from("<HH", body)
            last = struct.unpack_from("<H", body, len(body) - 2)[0] if kind in SEVERAL else column
            self._reach(row + 1, last + 1)
            if kind == POINTS and len(body) >= 10:
                self._uses[struct.unpack_from("<I", body, 6)[0]] += 1

    def keep(self, texts: list[bytes]) -> None:
        """Remember the shared texts: one record and those that continue it."""
        self._texts = texts

    def close(self) -> None:
        """End a sheet."""
        self.cells += self._corner[0] * self._corner[1]
        self._corner = (0, 0)

    def total(self) -> "Extent":
        """Return the whole, once every record is counted."""
        self.close()
        lengths = list(_lengths(self._texts)) if self._uses else []
        self.characters = sum(uses * lengths[at] for at, uses in self._uses.items() if at < len(lengths))
        return self

    def _reach(self, rows: int, columns: int) -> None:
        self._corner = (max(self._corner[0], rows), max(self._corner[1], columns))


def extent(data: bytes) -> Extent:
    """Return what the workbook in ``data`` decodes to; refuses with ValueError what is no whole .xls file."""
    found, streams = Extent(), list(_streams(data))
    if not streams:
        raise ValueError("no workbook")
    for stream in streams:
        for kind, bodies in _records(stream):
            if kind == SHARED:
                found.keep(bodies)
            else:
                found.take(kind, bodies[0])
    return found.total()


def _records(stream: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Yield each record with those that continue it."""
    at, kind, bodies = 0, -1, [b""]
    while at + 4 <= len(stream):
        found, length = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + length]
        at += 4 + length
        if found == CONTINUED:
            bodies.append(body)
            continue
        yield kind, bodies
        kind, bodies = found, [body]
    yield kind, bodies


def _lengths(parts: list[bytes]) -> Iterator[int]:
    """Yield the number of characters of each shared text; texts may run over from one record into the next."""
    whole = b"".join(parts)
    ends, at = [], 0
    for part in parts:
        at += len(part)
        ends.append(at)
    at = 8
    while at + 3 <= len(whole):
        count, flags = struct.unpack_from("<HB", whole, at)
        yield count
        at += 3
        runs = struct.unpack_from("<H", whole, at)[0] if flags & 8 else 0
        at += 2 if flags & 8 else 0
        extra = struct.unpack_from("<I", whole, at)[0] if flags & 4 else 0
        at = _after(ends, whole, at + (4 if flags & 4 else 0), count, 1 + (flags & 1)) + 4 * runs + extra


def _after(ends: list[int], whole: bytes, at: int, count: int, width: int) -> int:
    """Return where ``count`` characters end; after each break a byte says anew how wide they are."""
    for end in ends:
        if end < at:
            continue
        here = min(count, (end - at) // width)
        at, count = at + here * width, count - here
        if not count:
            break
        at = end + 1
        width = 1 + (whole[end] & 1) if end < len(whole) else width
    return at


def _streams(data: bytes) -> Iterator[bytes]:
    """Yield every stream that a reader may take for the workbook."""
    size = 1 << struct.unpack_from("<H", data, 30)[0]
    if size not in (512, 4096):
        raise ValueError("sector size")
    first_directory, _, cutoff, first_small, _ = struct.unpack_from("<5I", data, 48)
    table = _table(data, size)
    entries = _chain(data, table, first_directory, size)
    listed = [entries[at : at + 128] for at in range(0, len(entries) - 127, 128)]
    small_table = struct.unpack(f"<{size // 4 * (len(raw := _chain(data, table, first_small, size)) // size)}I", raw)
    root = next((entry for entry in listed if entry[66] == 5), None)
    small = _chain(data, table, struct.unpack_from("<I", root, 116)[0], size) if root else b""
    for entry in listed:
        name = entry[: max(struct.unpack_from("<H", entry, 64)[0] - 2, 0)].decode("utf-16-le", "replace").lower()
        start, length = struct.unpack_from("<2I", entry, 116)
        if entry[66] == 2 and name in STREAMS:
            inner = length < cutoff
            yield (_chain(b"\0" * 64 + small, small_table, start, 64) if inner else _chain(data, table, start, size))


def _table(data: bytes, size: int) -> tuple[int, ...]:
    """Return which sector follows each: the list of its own sectors stands in the header and in a chain."""
    places = [place for place in struct.unpack_from("<109I", data, 76) if place < SECTOR_FREE]
    following, seen = struct.unpack_from("<I", data, 68)[0], 0
    while following < SECTOR_FREE and (following + 2) * size <= len(data) and seen < len(data) // size:
        *more, following = struct.unpack_from(f"<{size // 4}I", data, (following + 1) * size)
        places += [place for place in more if place < SECTOR_FREE]
        seen += 1
    if len(places) > len(data) // size:
        raise ValueError("more tables than sectors")
    raw = b"".join(data[(place + 1) * size : (place + 2) * size] for place in places)
    return struct.unpack(f"<{len(raw) // 4}I", raw[: len(raw) // 4 * 4])


def _chain(data: bytes, table: tuple[int, ...], start: int, size: int) -> bytes:
    """Return the sectors from ``start`` on, joined; a chain that comes back to itself is refused."""
    found: list[bytes] = []
    place = start
    while place < SECTOR_FREE:
        if place >= len(table) or len(found) > len(data) // size:
            raise ValueError("broken chain")
        found.append(data[(place + 1) * size : (place + 2) * size])
        place = table[place]
    return b"".join(found)
