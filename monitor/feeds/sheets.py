"""Spreadsheets and Parquet files as rows of strings: stored values only, and never more than was announced."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from monitor.errors import Invalid
from monitor.feeds import grids, old_books
from monitor.feeds.text import MAX_COLUMNS, Sheet

UNPACKED_BOOK = 200 << 20
BOOK_ENTRIES = 500
RATIO = 100
RATIO_FROM = 1 << 20
HEADER_WITHIN = 5
PARQUET_CELLS = 100_000_000
PARQUET_BYTES = 1 << 30
LONGEST_FIXED = 32
GRID_CELLS = 50_000_000
TEXTS = 1 << 30


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
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError, ValueError, zlib.error) as error:
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
    with a document type or entities of its own, or in another encoding than UTF-8, is refused. The grids and
    texts that either kind would make are reckoned first.
    """
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(_repacked(data) if modern else _measured(data)))
        visible = [about.name for about in book.sheets_metadata if about.visible == SheetVisibleEnum.Visible]
        grids = [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in visible]
    except (CalamineError, OSError, ValueError, struct.error) as error:
        raise Invalid(
            zh="工作簿已损坏、不完整或有密码，请重新导出",
            en="the workbook is damaged, cut off or locked with a password; export it again",
        ) from error
    return [_from_grid(grid) for grid in grids if any(any(cell != "" for cell in row) for row in grid)]


def _measured(data: bytes) -> bytes:
    """Return an .xls as it is, once its records are counted; one that is a zip archive as well has two meanings."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        raise ValueError("two meanings")
    extent = old_books.extent(data)
    _fits(extent.cells, lambda: extent.characters)
    return data


def _repacked(data: bytes) -> bytes:
    """Pack again what a reader may need: the parts that are text, measured; pictures and macros stay behind."""
    parts = unpacked(data, entries=BOOK_ENTRIES, total=UNPACKED_BOOK)
    _bounded(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            if not name.lower().endswith((".xml", ".rels")):
                continue
            if b"<!DOCTYPE" in part or b"<!ENTITY" in part or b"\0" in part:
                raise Invalid(
                    zh="工作簿内含实体定义，可能是攻击，已拒收",
                    en="the workbook defines entities, as attacks do: refused",
                )
            archive.writestr(zipfile.ZipInfo(name), part)
    return out.getvalue()


def _bounded(parts: dict[str, bytes]) -> None:
    """Refuse sheets whose cells lie so far apart, or share such long texts, that they would not fit into memory.

    The reader makes them whole and the process dies with it; a sheet that is not text cannot be measured.
    """
    spread = sum(grids.cells(part, enough=GRID_CELLS) for part in parts.values() if grids.is_sheet(part))
    _fits(spread, lambda: grids.characters(parts, enough=TEXTS))
    if any(name.startswith("xl/worksheets/") and name.endswith(".bin") for name in parts):
        raise Invalid(
            zh="二进制工作簿（.xlsb）不接收，请另存为 .xlsx", en="a binary workbook (.xlsb): save it as .xlsx"
        )


def _fits(cells: int, characters: Callable[[], int]) -> None:
    if cells > GRID_CELLS:
        raise Invalid(
            zh="工作表的单元格散布过广，请删除表外的单元格后重新导出",
            en="the sheet's cells lie too far apart: delete stray cells beyond the table and export it again",
        )
    if characters() > TEXTS:
        raise Invalid(
            zh=f"工作簿的文字展开后超过 {TEXTS >> 20} MiB，已拒收；请分成几个文件报送",
            en=f"the workbook's texts come to more than {TEXTS >> 20} MiB: refused; send it in several files",
        )


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
    """Read a Parquet file; integers are exact, floats are marked, nested columns are refused.

    What its columns decode to is bounded by its metadata first; texts stay in their dictionaries until their
    sum is known, for a megabyte may name one long text a billion times.
    """
    try:
        table = _decoded(data)
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


def _decoded(data: bytes) -> pa.Table:
    about = pq.ParquetFile(io.BytesIO(data))
    leaves = [about.schema.column(place) for place in range(about.metadata.num_columns)]
    if len(leaves) > MAX_COLUMNS:
        raise Invalid(zh=f"列数超过 {MAX_COLUMNS}", en=f"more than {MAX_COLUMNS} columns")
    if any(leaf.max_repetition_level or leaf.length > LONGEST_FIXED for leaf in leaves):
        raise ValueError("nested")
    _small_enough(*_announced(about.metadata))
    words = [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"]
    file = pq.ParquetFile(io.BytesIO(data), read_dictionary=words)
    if any(isinstance(column.type, pa.BaseExtensionType) for column in file.schema_arrow):
        raise ValueError("not a plain type")
    table = file.read()
    _small_enough(table.num_rows * table.num_columns, sum(map(_text_bytes, table.columns)))
    return table


def _announced(about: pq.FileMetaData) -> tuple[int, int]:
    """Return how many values and uncompressed bytes a Parquet file states, by whichever of its counts is larger."""
    groups = [about.row_group(place) for place in range(about.num_row_groups)]
    chunks = [group.column(place) for group in groups for place in range(group.num_columns)]
    values = max(about.num_rows * about.num_columns, sum(max(chunk.num_values, 0) for chunk in chunks))
    return values, sum(max(chunk.total_uncompressed_size, 0) for chunk in chunks)


def _small_enough(values: int, size: int) -> None:
    if values > PARQUET_CELLS or size > PARQUET_BYTES:
        raise Invalid(
            zh=f"Parquet 文件展开后过大（上限 {PARQUET_CELLS:,} 个单元格、{PARQUET_BYTES >> 20} MiB），已拒收；"
            "请分成几个文件报送",
            en=f"the Parquet file decodes to too much (limits: {PARQUET_CELLS:,} cells, {PARQUET_BYTES >> 20} MiB): "
            "refused; send it in several files",
        )


def _text_bytes(column: pa.ChunkedArray) -> int:
    """Return how many bytes the texts of a column kept in dictionaries would take, written out."""
    total = 0
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type) and len(chunk.dictionary):
            lengths = pc.cast(pc.binary_length(chunk.dictionary), pa.int64())
            total += pc.sum(lengths.take(chunk.indices)).as_py() or 0
    return total


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
