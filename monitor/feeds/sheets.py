"""Spreadsheets and Parquet files as rows of strings: stored values only, and never more than was announced."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from monitor.errors import Invalid
from monitor.feeds.text import MAX_COLUMNS, Sheet

UNPACKED_BOOK = 200 << 20
BOOK_ENTRIES = 500
RATIO = 100
RATIO_FROM = 1 << 20
HEADER_WITHIN = 5
PARQUET_CELLS = 200_000_000
GRID_CELLS = 50_000_000
_PLACE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]*)([0-9]+)""")
# Cells and rows that were only formatted: the reader leaves them out, so they do not count.
_BARE = (re.compile(rb'<c r="[A-Z]+[0-9]+"(?: s="[0-9]+")?\s*/>'), re.compile(rb"<row [^<>]*(?:/>|></row>)"))


def unpacked(data: bytes, *, entries: int, total: int) -> dict[str, bytes]:
    """Return the entries of a zip archive; its announced sizes are judged first and enforced while reading.

    Refuses links, paths that lead out, passwords, nested archives, and what unpacks to more than ``total``
    bytes or to more than a hundred times its size.
    """
    with _opened(data) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _judge(infos, entries, total)
        return {info.filename: archive.read(info) for info in infos}


def listing(data: bytes) -> list[str]:
    """Return the names in a zip archive, unpacking nothing."""
    with _opened(data) as archive:
        return archive.namelist()


@contextmanager
def _opened(data: bytes) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield archive
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, ValueError, zlib.error) as error:
        raise Invalid(
            zh="压缩文件已损坏或不完整，请重新发送", en="the archive is damaged or cut off; send it again"
        ) from error


def _judge(infos: Sequence[zipfile.ZipInfo], entries: int, total: int) -> None:
    packed = sum(info.compress_size for info in infos)
    size = sum(info.file_size for info in infos)
    if len(infos) > entries or size > total or (size > RATIO_FROM and size > RATIO * max(packed, 1)):
        raise Invalid(
            zh=f"解压后过大（上限 {total >> 20} MiB、{RATIO} 倍、{entries} 个文件），已拒收",
            en=f"it unpacks to too much (limits: {total >> 20} MiB, {RATIO} times, {entries} files): refused",
        )
    for info in infos:
        linked = (info.external_attr >> 16) & 0o170000 not in (0, 0o100000)
        outside = info.filename.startswith(("/", "\\")) or ".." in info.filename.replace("\\", "/").split("/")
        if linked or outside or info.flag_bits & 1:
            raise Invalid(
                zh="压缩文件内有链接、越界路径或加密内容，已拒收",
                en="the archive holds a link, a path leading out of it, or encrypted contents: refused",
            )


def read_book(data: bytes, *, modern: bool) -> list[Sheet]:
    """Return the visible sheets of an .xlsx (``modern``) or .xls file that have any cells; formulas as last computed.

    An .xlsx is unpacked under limits and packed again first, so the reader sees only what was measured; one
    with a document type or entities of its own is refused.
    """
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(_repacked(data) if modern else data))
        visible = [about.name for about in book.sheets_metadata if about.visible == SheetVisibleEnum.Visible]
        grids = [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in visible]
    except (CalamineError, OSError) as error:
        raise Invalid(
            zh="工作簿已损坏、不完整或有密码，请重新导出",
            en="the workbook is damaged, cut off or locked with a password; export it again",
        ) from error
    return [_from_grid(grid) for grid in grids if any(any(cell != "" for cell in row) for row in grid)]


def _repacked(data: bytes) -> bytes:
    parts = unpacked(data, entries=BOOK_ENTRIES, total=UNPACKED_BOOK)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            if name.endswith((".xml", ".rels")) and (b"<!DOCTYPE" in part or b"<!ENTITY" in part):
                raise Invalid(
                    zh="工作簿内含实体定义，可能是攻击，已拒收",
                    en="the workbook defines entities, as attacks do: refused",
                )
            if name.startswith("xl/worksheets/"):
                _bounded(name, part)
            archive.writestr(zipfile.ZipInfo(name), part)
    return out.getvalue()


def _bounded(name: str, part: bytes) -> None:
    """Refuse a sheet whose cells lie so far apart that the grid between them would not fit into memory.

    The reader makes that grid whole and the process dies with it; a sheet that is not text cannot be measured.
    """
    cells = _spread(part)
    if cells > GRID_CELLS:
        for bare in _BARE:
            part = bare.sub(b"", part)
        cells = _spread(part)
    if name.endswith(".bin") or cells > GRID_CELLS:
        raise Invalid(
            zh="工作表的单元格散布过广，请删除表外的单元格后重新导出",
            en="the sheet's cells lie too far apart: delete stray cells beyond the table and export it again",
        )


def _spread(part: bytes) -> int:
    """Return how many cells the grid of a sheet has, from its first to the furthest row and column named."""
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


def _from_grid(grid: list[list[Any]]) -> Sheet:
    """Take the first of the first five rows with most filled cells for the header: titles stand above it."""
    top = grid[:HEADER_WITHIN]
    filled = [sum(cell != "" for cell in row) for row in top]
    start = filled.index(max(filled))
    header, body = grid[start], grid[start + 1 :]
    if len(header) > MAX_COLUMNS:
        raise Invalid(zh=f"列数超过 {MAX_COLUMNS}", en=f"more than {MAX_COLUMNS} columns")
    columns = [pa.array([_cell(row[place]) for row in body], pa.string()) for place in range(len(header))]
    numbers = np.arange(start + 2, start + 2 + len(body), dtype=np.int32)
    return Sheet(
        tuple(_cell(cell) or "" for cell in header),
        pa.table(columns, names=[f"c{place}" for place in range(len(header))]),
        numbers,
        spreadsheet=True,
    )


def _cell(value: Any) -> str | None:
    """A number stays recognisable as a float ('3.0', '3.4e+17'): an ID number among them has lost its digits."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return repr(float(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    return value.isoformat() if isinstance(value, date | time) else str(value) if isinstance(value, timedelta) else None


def read_parquet(data: bytes) -> Sheet:
    """Read a Parquet file; integers are exact, floats are marked, nested columns are refused."""
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        about = file.metadata
        if about.num_columns > MAX_COLUMNS or about.num_rows * about.num_columns > PARQUET_CELLS:
            raise Invalid(zh="文件过大", en="the file is too big")
        table = file.read()
        columns = [_texts(column) for column in table.columns]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Invalid(
            zh="Parquet 文件已损坏、不完整或含嵌套列", en="the Parquet file is damaged, cut off or has nested columns"
        ) from error
    names = [f"c{place}" for place in range(len(columns))]
    floats = frozenset(place for place, column in enumerate(table.columns) if pa.types.is_floating(column.type))
    return Sheet(
        tuple(table.column_names),
        pa.table(columns, names=names),
        np.arange(2, table.num_rows + 2, dtype=np.int32),
        float_columns=floats,
    )


def _texts(column: pa.ChunkedArray) -> pa.Array:
    plain = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if pa.types.is_dictionary(plain.type):
        plain = plain.dictionary_decode()
    if pa.types.is_boolean(plain.type):
        return pc.if_else(plain, "1", "0")
    if pa.types.is_floating(plain.type):
        return pa.array([None if value is None else repr(float(value)) for value in plain.to_pylist()], pa.string())
    if pa.types.is_nested(plain.type) or pa.types.is_binary(plain.type):
        raise ValueError("nested")
    texts = pc.cast(plain, pa.string())
    texts.validate(full=True)  # the file only claims that its texts are UTF-8
    return pc.if_else(pc.equal(texts, ""), None, texts)
