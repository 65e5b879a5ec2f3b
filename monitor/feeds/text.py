"""Text files as rows of strings: strict about encoding, bounded in memory, never half a file.

The whole file is decoded at once, as UTF-8 or else as GB18030; a field is never decoded on its own, because
a short GB18030 string is often valid UTF-8.
"""

import codecs
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
from pyarrow.lib import ArrowInvalid

from monitor.errors import Invalid

LINE_LIMIT = 1 << 20
BLOCK = 8 << 20
MAX_COLUMNS = 500
DELIMITERS = (",", "\t", ";")


@dataclass(frozen=True)
class Sheet:
    """The rows of one file as they were written: every cell text, empty cells null, the header apart.

    ``row_no`` numbers the rows as a spreadsheet does, the header being row 1. ``ragged`` are the numbers of rows
    that do not have the header's number of fields. ``open_end``: the last line has no line end.
    ``spreadsheet``: numbers went through a spreadsheet's floats.
    """

    header: tuple[str, ...]
    cells: pa.Table
    row_no: npt.NDArray[np.int32]
    ragged: tuple[int, ...] = ()
    open_end: bool = False
    spreadsheet: bool = False
    float_columns: frozenset[int] = field(default_factory=frozenset)


def read_text(data: bytes) -> Sheet:
    """Read a delimited text file; refuses what cannot be decoded or taken apart as a whole."""
    text = utf8(data)
    if b"\0" in text:
        raise Invalid(zh="文件含有空字符（NUL），不是文本文件", en="the file holds NUL bytes: it is not a text file")
    if b'"' in text and text.count(b'"') % 2:
        raise Invalid(
            zh="引号不成对：文件不完整，或单元格里的引号没有写成两个",
            en="a quote is never closed: the file is cut off, or a quote inside a cell is not doubled",
        )
    open_end = not text.endswith((b"\n", b"\r"))
    first = _first_line(text)
    delimiter = max(DELIMITERS, key=first.count)
    rows, ragged = _parse(text + b"\n" if open_end else text, delimiter, first.count(delimiter) + 1)
    return _sheet(rows, ragged, open_end)


def utf8(data: bytes) -> bytes:
    """Return the file as UTF-8 without a mark; refuses mixed, unknown and cut-off encodings."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(data, "utf-16").encode()
    if data.startswith(codecs.BOM_UTF8):
        _decoded(data[3:], "utf-8")
        return data[3:]
    try:
        data.decode("utf-8")
        return data
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 3 and error.reason == "unexpected end of data":
            raise _undecodable(data, error) from None
        return _decoded(data, "gb18030", at_least=error).encode()


def encoding_of(data: bytes) -> str:
    """Return how a text file that ``utf8`` takes is encoded, for people to see: UTF-8, UTF-16 or GB18030."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "GB18030"
    return "UTF-8"


def _decoded(data: bytes, encoding: str, at_least: UnicodeDecodeError | None = None) -> str:
    """Decode all of ``data``; where that fails, the place named is the one that the better guess came to."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(data, at_least if at_least and at_least.start > error.start else error) from None


def _undecodable(data: bytes, error: UnicodeDecodeError) -> Invalid:
    line = data.count(b"\n", 0, error.start) + 1
    return Invalid(
        zh=f"第 {line} 行起无法解码（UTF-8、UTF-16、GB18030 均不符）：文件不完整或编码混杂，请重新导出",
        en=f"line {line} cannot be decoded as UTF-8, UTF-16 or GB18030: the file is cut off or mixes encodings; "
        "export it again",
    )


def _first_line(text: bytes) -> str:
    ends = [place for place in (text.find(b"\n", 0, LINE_LIMIT), text.find(b"\r", 0, LINE_LIMIT)) if place >= 0]
    if not ends and len(text) > LINE_LIMIT:
        raise _too_long()
    line = text[: min(ends, default=len(text))].decode()
    return "".join(line.split('"')[::2])


def _too_long() -> Invalid:
    return Invalid(
        zh="有一行超过允许的长度：不是数据表", en="a line is longer than allowed: this is not a table of data"
    )


def _parse(text: bytes, delimiter: str, columns: int) -> tuple[pa.Table, list[int]]:
    if columns > MAX_COLUMNS:
        raise Invalid(zh=f"列数超过 {MAX_COLUMNS}", en=f"more than {MAX_COLUMNS} columns")
    ragged: list[int] = []
    swallowed: list[int] = []

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        (swallowed if row.text and "\n" in row.text.strip() else ragged).append(row.number)
        return "skip"

    names = [f"c{place}" for place in range(columns)]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(text),
            pyarrow.csv.ReadOptions(use_threads=False, column_names=names, block_size=BLOCK),
            pyarrow.csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=b'"' in text,
                ignore_empty_lines=False,
                invalid_row_handler=skip,
            ),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                check_utf8=False,  # it was decoded
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except ArrowInvalid as error:
        if "straddles" in str(error):
            raise _too_long() from None
        raise Invalid(zh="文件无法拆成行和列", en="the file cannot be taken apart into rows and columns") from None
    if swallowed:
        raise Invalid(zh=f"第 {swallowed[0]} 行起引号混乱", en=f"the quotes are broken from row {swallowed[0]} on")
    return table, ragged


def _sheet(rows: pa.Table, ragged: list[int], open_end: bool) -> Sheet:
    """Split off the header and number the rest; ``ragged`` rows keep their numbers though they are left out."""
    total = rows.num_rows + len(ragged)
    if open_end and total in ragged:
        raise Invalid(
            zh=f"最后一行（第 {total} 行）不完整：文件被截断，请重新发送",
            en=f"the last line (row {total}) is cut off: the file is not whole; send it again",
        )
    if 1 in ragged:
        raise Invalid(zh="表头的引号或分隔符混乱", en="quotes or delimiters of the header are broken")
    numbers = np.delete(np.arange(1, total + 1, dtype=np.int32), [number - 1 for number in ragged])
    header = tuple(str(rows.column(place)[0].as_py() or "") for place in range(rows.num_columns)) if len(rows) else ()
    return Sheet(header, rows.slice(1), numbers[1:], tuple(ragged), open_end)
