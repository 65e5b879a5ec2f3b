"""Files as agencies write them: encodings, delimiters, header languages, date forms, containers."""

import codecs
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import IO

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from jobs.city.plan import Ints
from jobs.city.rows import Coded, Column

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "gb18030")
DELIMITERS = (",", "\t", ";")
DATE_FORMS = ("%Y-%m-%d", "slashes", "%Y%m%d", "serial")
BAD_DATES = ("20230230", "1900-01-01", "99991231", "不详", "0000-00-00")
BAD_AMOUNTS = ("叁佰元", "--", "9999999999999", "1.2.3")
MONTH_FORMS = ("%Y-%m", "%Y%m")
XLSX_MOST = 3_000
"""Rows above which nobody sends a workbook."""
_EXCEL_DAY_ONE = np.datetime64("1899-12-30", "D")
Headers = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Style:
    """How one agency writes its files."""

    extension: str
    encoding: str = "utf-8"
    delimiter: str = ","
    date_form: str = "%Y-%m-%d"
    month_form: str = "%Y-%m"
    chinese: bool = True
    shuffled: bool = False
    quoted: bool = False


def habit(chance: np.random.Generator, formats: tuple[str, ...]) -> Style:
    """Return the usual style of an agency."""
    csv = "csv" in formats
    other = [extension for extension in formats if extension != "csv"]
    extension = "csv" if csv and (not other or chance.random() < 0.8) else str(chance.choice(other))
    return Style(
        extension=extension,
        encoding=str(chance.choice(ENCODINGS, p=(0.35, 0.2, 0.1, 0.35))),
        delimiter=str(chance.choice(DELIMITERS, p=(0.8, 0.12, 0.08))),
        date_form=str(chance.choice(DATE_FORMS, p=(0.4, 0.25, 0.25, 0.1))),
        month_form=str(chance.choice(MONTH_FORMS)),
        chinese=bool(chance.random() < 0.6),
        quoted=bool(chance.random() < 0.15),
    )


def drift(style: Style, chance: np.random.Generator, formats: tuple[str, ...], count: int) -> Style:
    """Return the style of one delivery: mostly the habit, sometimes a new clerk's."""
    if chance.random() < 0.15:
        style = replace(habit(chance, formats), shuffled=True)
    if style.extension == "xlsx" and count > XLSX_MOST:
        style = replace(style, extension="csv")
    return style


@dataclass(frozen=True)
class Sheet:
    """What one file holds, in column order, with the header words of each column.

    ``broken`` are rows of which a date or an amount cannot be read; only text files have such.
    """

    columns: dict[str, Column]
    headers: Headers
    broken: Ints


def write(sheet: Sheet, folder: Path, stem: str, style: Style, chance: np.random.Generator) -> Path:
    """Write ``sheet`` as ``<folder>/<stem>.<extension>`` and return the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.{style.extension}"
    names = list(sheet.columns)
    if style.shuffled:
        names = [names[place] for place in chance.permutation(len(names))]
    titles = [_title(sheet.headers.get(name, ()), name, style, chance) for name in names]
    cells = {name: _cells(sheet.columns[name], style) for name in names}
    if style.extension in ("csv", "zip"):
        _break(cells, sheet)
    arrays = list(cells.values())
    table = pa.Table.from_arrays(arrays, names=titles)
    if style.extension == "xlsx":
        _workbook(table, path)
    elif style.extension == "parquet":
        pyarrow.parquet.write_table(table, path, compression="zstd")
    elif style.extension == "zip":
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed,
            packed.open(zipfile.ZipInfo(f"{stem}.csv"), "w") as file,
        ):
            _text(table, file, style)
    else:
        with path.open("wb") as file:
            _text(table, file, style)
    return path


def manifest(path: Path, *, feed: str, received_on: date, mode: str, rows: int) -> None:
    """Write the sidecar of ``path``."""
    facts = {"feed": feed, "received_on": received_on.isoformat(), "mode": mode, "rows": rows}
    facts["sha256"] = sha256(path.read_bytes()).hexdigest()
    path.with_name(path.name + ".manifest.json").write_text(json.dumps(facts), encoding="utf-8")


def _title(words: tuple[str, ...], name: str, style: Style, chance: np.random.Generator) -> str:
    if not style.chinese or not words:
        return name
    return words[0] if len(words) == 1 or chance.random() < 0.7 else words[int(chance.integers(1, len(words)))]


def _text(table: pa.Table, file: IO[bytes], style: Style) -> None:
    """Write the table as delimited text, a million rows at a time, so that memory stays bounded."""
    encoder = codecs.getincrementalencoder(style.encoding)()
    quoting = "needed" if style.quoted else "none"
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter=style.delimiter, quoting_style=quoting)
    file.write(encoder.encode(style.delimiter.join(table.column_names) + "\n"))
    for batch in table.to_batches(max_chunksize=200_000):
        buffer = pa.BufferOutputStream()
        pyarrow.csv.write_csv(pa.Table.from_batches([batch]), buffer, options)
        text = buffer.getvalue()
        plain = style.encoding in ("utf-8", "utf-8-sig")
        file.write(text if plain else encoder.encode(str(text, "utf-8")))


def _break(cells: dict[str, pa.Array], sheet: Sheet) -> None:
    """Write nonsense for one value of each broken row: in the first column of dates, or of amounts."""
    for kind, texts in (("M", BAD_DATES), ("f", BAD_AMOUNTS)):
        name = next((n for n, c in sheet.columns.items() if isinstance(c, np.ndarray) and c.dtype.kind == kind), None)
        rows = sheet.broken[sheet.broken % 2 == (kind == "f")]
        if name is not None and len(rows):
            mask = np.zeros(len(cells[name]), dtype=bool)
            mask[np.sort(rows)] = True
            words = pa.array([texts[row % len(texts)] for row in rows.tolist()], pa.string())
            cells[name] = pc.replace_with_mask(pc.cast(cells[name], pa.string()), pa.array(mask), words)


def _workbook(table: pa.Table, path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("Sheet1")
    page.append(table.column_names)
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        page.append(row)
    book.save(path)


def _cells(column: Column, style: Style) -> pa.Array:
    """Return the column as it is written; what is not known is an empty cell."""
    if isinstance(column, Coded):
        return column.text()
    if isinstance(column, pa.Array):
        return column
    if column.dtype.kind == "M":
        return _dates(column, style)
    if column.dtype.kind == "b":
        return pa.array(column.astype(np.int8))
    if column.dtype.kind == "f":
        return pa.array(np.round(column.astype(np.float64), 2), from_pandas=True)
    return pa.array(column)


def _dates(column: np.ndarray, style: Style) -> pa.Array:
    if style.extension == "parquet" and np.datetime_data(column.dtype)[0] == "D":
        return pa.array(column, pa.date32(), from_pandas=True)
    days, places = np.unique(column, return_inverse=True)
    form = style.month_form if np.datetime_data(column.dtype)[0] == "M" else style.date_form
    texts = [None if np.isnat(day) else _date(day, form) for day in days]
    return pa.array(texts, pa.string()).take(pa.array(places))


def _date(day: np.datetime64, form: str) -> str:
    if form == "serial":
        return str(int((day - _EXCEL_DAY_ONE).astype(int)))
    plain: date = day.astype("M8[D]").astype(object)
    return f"{plain.year}/{plain.month}/{plain.day}" if form == "slashes" else plain.strftime(form)
