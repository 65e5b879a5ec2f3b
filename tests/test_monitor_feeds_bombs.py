"""Small files that would decode to more than any memory holds are refused in words, before they are decoded."""

import io
import random
import struct
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlwt
from drops import drop, number

from monitor import feeds
from monitor.errors import Invalid
from monitor.feeds import grids, old_books, sheets
from monitor.feeds.sheets import read_book, read_parquet
from monitor.service import Service

LONG = "长" * 300_000
MEBIBYTE = 1 << 20


def parquet(table: pa.Table, **how: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **how)
    return out.getvalue()


def old_book(*rows: list[object], sheets: int = 1) -> bytes:
    book, out = xlwt.Workbook(), io.BytesIO()
    for at in range(sheets):
        sheet = book.add_sheet(f"{at}")
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write(place, column, cell)
    book.save(out)
    return out.getvalue()


def repacked(data: bytes, **changed: bytes) -> bytes:
    """The workbook with some of its parts replaced, or new ones added (``__`` stands for a slash)."""
    out, parts = io.BytesIO(), {name.replace("__", "/") + ".xml": part for name, part in changed.items()}
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            if name not in parts:
                after.writestr(name, before.read(name))
        for name, part in parts.items():
            after.writestr(name, part)
    return out.getvalue()


def new_book(*rows: list[object]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def repeated(text: str, times: int, kind: pa.DataType | None = None) -> pa.Table:
    """One text many times: a dictionary of one, and as many places in it."""
    words = pa.array([text]).cast(kind or pa.string())
    return pa.table({"id_no": pa.DictionaryArray.from_arrays(pa.array([0] * times, pa.int32()), words)})


BOMBS = {
    "one long text, many times": parquet(repeated(LONG, 100_000), store_schema=False),
    "the same, said to be raw": parquet(repeated(LONG, 100_000, pa.binary()), store_schema=False),
    "the same, of fixed length": parquet(pa.table({"id_no": pa.array(["x" * 100_000] * 30).cast(pa.binary(100_000))})),
    "one nothing, two hundred million times": parquet(
        pa.table([pa.nulls(500_000, pa.int32())] * 400, list(map(str, range(400))))
    ),
    "a list within a cell": parquet(pa.table({"id_no": [[1] * 500_000]})),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS.keys())
def test_a_small_parquet_file_that_decodes_to_too_much_is_refused(data: bytes) -> None:
    assert len(data) < 2 * MEBIBYTE
    before = pa.total_allocated_bytes()
    with pytest.raises(Invalid, match="Parquet"):
        read_parquet(data)
    assert pa.total_allocated_bytes() - before < 100 * MEBIBYTE


def test_texts_that_repeat_within_bounds_are_read_as_ever() -> None:
    words = ["inpatient", None, "", "门诊"] * 5_000
    for kind in (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())):
        sheet = read_parquet(parquet(pa.table({"kind": pa.array(words).cast(kind)}), row_group_size=3_000))
        assert sheet.cells.column(0).to_pylist()[:4] == ["inpatient", None, None, "门诊"]


def test_a_parquet_bomb_is_refused_with_a_receipt_and_within_its_memory(service: Service, tmp_path: Path) -> None:
    path = drop(tmp_path, "deaths", BOMBS["one long text, many times"], ending="parquet")
    receipt = feeds.ingest(service, path)
    assert receipt.status == "refused"
    assert "decodes to too much" in receipt.problems[0].en
    assert "展开后过大" in receipt.problems[0].zh


def test_the_extent_of_an_old_workbook_is_reckoned_to_the_character() -> None:
    pick = random.Random(7)
    texts = [["".join(pick.choices("abc甲乙丙", k=pick.randint(1, 200))) for _ in range(9)] for _ in range(900)]
    found = old_books.extent(old_book(*texts))
    assert (found.cells, found.characters) == (8_100, sum(len(cell) for row in texts for cell in row))
    assert old_books.extent(old_book(["a", 1.5], sheets=3)).cells == 6


def far_cell(column: int) -> bytes:
    """An .xls whose one number lies in ``column`` of the last row."""
    data = bytearray(old_book(["id_no"], [1.5]))
    at = data.index(struct.pack("<3H", 0x027E, 10, 1))
    data[at + 4 : at + 8] = struct.pack("<2H", 65_535, column)
    return bytes(data)


def test_a_stray_cell_in_an_old_workbook_is_refused_before_the_grid_is_made() -> None:
    with pytest.raises(Invalid, match="too far apart"):
        read_book(far_cell(65_535), modern=False)
    assert read_book(far_cell(3), modern=False)


def test_dimensions_that_an_old_workbook_only_states_are_refused_too() -> None:
    data = bytearray(old_book(["id_no"], [1.5]))
    at = data.index(struct.pack("<2H", 0x0200, 14))
    data[at + 8 : at + 12] = struct.pack("<I", 4_000_000_000)
    with pytest.raises(Invalid, match="too far apart"):
        read_book(bytes(data), modern=False)


def test_a_text_shared_by_many_cells_of_an_old_workbook_is_counted_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "TEXTS", 10 * MEBIBYTE)
    assert len(read_book(old_book(*[["x" * 30_000] for _ in range(100)]), modern=False)) == 1
    with pytest.raises(Invalid, match="texts come to more"):
        read_book(old_book(*[["x" * 30_000] for _ in range(400)]), modern=False)


def test_an_old_workbook_that_is_a_zip_archive_as_well_is_refused() -> None:
    out = io.BytesIO(old_book(["id_no"]))
    out.seek(0, io.SEEK_END)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    with pytest.raises(Invalid, match="damaged"):
        read_book(out.getvalue(), modern=False)


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_old_workbook_is_refused_or_read_and_nothing_else_happens(seed: int) -> None:
    data, pick = bytearray(old_book(["id_no", "month"], [number(0), 1.5])), random.Random(seed)
    for _ in range(8):
        data[pick.randrange(28, len(data))] = pick.randrange(256)
    said: list[str] = []
    with suppress(Invalid):
        said = [name for sheet in read_book(bytes(data), modern=False) for name in sheet.header]
    assert all(isinstance(name, str) for name in said)


def sharing(cells: int, text: bytes) -> bytes:
    """An .xlsx whose ``cells`` all point to one shared text."""
    rows = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (at, at) for at in range(1, cells + 1))
    space = b' xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    return repacked(
        new_book(["id_no"]),
        xl__worksheets__sheet1=b"<worksheet%b><sheetData>%b</sheetData></worksheet>" % (space, rows),
        xl__sharedStrings=b"<sst%b><si><t>%b</t></si></sst>" % (space, text),
    )


def test_a_text_shared_by_many_cells_of_a_workbook_is_counted_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "TEXTS", 10 * MEBIBYTE)
    text = random.Random(7).randbytes(15_000).hex().encode()
    (sheet,) = read_book(sharing(300, text), modern=True)
    assert sheet.header == (text.decode(),)
    with pytest.raises(Invalid, match="texts come to more"):
        read_book(sharing(400, text), modern=True)


HIDING = {
    "a comment": b"<sst><!-- <si><t>a</t></si> --><si><t>%b</t></si></sst>",
    "raw text": b"<sst><si><t><![CDATA[</t></si><si><t>]]>%b</t></si></sst>",
}


@pytest.mark.parametrize("shared", HIDING.values(), ids=HIDING.keys())
def test_an_entry_hidden_from_the_count_counts_as_the_longest(shared: bytes) -> None:
    cells = b'<sheetData><row r="1">' + b'<c r="A1" t="s"><v>0</v></c>' * 1_000 + b"</row></sheetData>"
    parts = {"xl/sharedStrings.xml": shared % (b"x" * 10_000), "xl/worksheets/sheet1.xml": cells}
    assert grids.characters(parts, enough=MEBIBYTE) >= 10_000_000
    assert grids.characters(parts | {"xl/sharedStrings.xml": b"<sst><si>x</si></sst>"}, enough=9) == 10_000


def test_a_sheet_under_another_name_is_measured_all_the_same() -> None:
    data = new_book(["id_no"], [number(0)])
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    stray = sheet.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')
    with pytest.raises(Invalid, match="too far apart"):
        read_book(repacked(data, xl__elsewhere=stray), modern=True)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_a_workbook_in_another_encoding_than_utf_8_is_refused(encoding: str) -> None:
    with pytest.raises(Invalid, match="entities"):
        read_book(repacked(new_book(["a"]), xl__worksheets__sheet1="<x/>".encode(encoding)), modern=True)


READ = """
import sys
from pathlib import Path
from monitor.errors import Invalid
from monitor.feeds.files import Arrival, sheets_of
path = Path(sys.argv[1])
try:
    sheets_of(Arrival(path.name, path.read_bytes(), "", None))
except Invalid as refusal:
    print("refused:", refusal.en)
print(next(int(line.split()[1]) >> 10 for line in Path("/proc/self/status").open() if line.startswith("VmHWM")))
"""


@pytest.mark.parametrize("name", ["a.parquet", "b.xls"])
def test_a_bomb_takes_no_more_memory_than_an_ordinary_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(far_cell(65_535) if name.endswith("xls") else next(iter(BOMBS.values())))
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
    refusal, peak = done.stdout.splitlines()
    assert refusal.startswith("refused:")
    assert int(peak) < 500
