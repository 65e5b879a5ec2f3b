"""Workbooks, Parquet files and archives: stored values only, and never more than was announced."""

import io
import struct
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlwt
from drops import DAY, as_csv, number, settlements

from monitor.errors import Invalid
from monitor.feeds.agreed import Recognised, feed_pages, recognise
from monitor.feeds.checking import Checked, check
from monitor.feeds.files import Arrival, sheets_of
from monitor.feeds.sheets import read_book, read_parquet, unpacked
from monitor.feeds.text import Sheet
from monitor.matching.ids import Kind
from monitor.matching.numbers import normalise

ROWS = settlements(3)


def workbook(*sheets: list[list[Any]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    return book


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def grid(rows: Any = ROWS) -> list[list[Any]]:
    return [list(rows[0]), *[list(row.values()) for row in rows]]


def sheets(data: bytes, name: str = "medical_settlements.xlsx") -> list[Sheet]:
    return sheets_of(Arrival(name, data, "", None))


def understood(data: bytes, name: str = "medical_settlements.xlsx") -> Recognised:
    return recognise(feed_pages(), sheets(data, name), feed="medical_settlements")


def checked(data: bytes) -> Checked:
    return check(understood(data), mode="append", received_on=DAY, vouched=False)


def zipped(**files: bytes | str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()


def test_a_workbook_gives_the_same_rows_as_a_text_file() -> None:
    book = understood(saved(workbook(grid())))
    text = understood(as_csv(ROWS).encode(), "medical_settlements.csv")
    assert [cell for row in book.sheet.cells.to_pylist() for cell in row.values()] == [
        cell for row in text.sheet.cells.to_pylist() for cell in row.values()
    ]


def test_an_old_workbook_is_read_as_well() -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("数据")
    for at, row in enumerate(grid()):
        for place, cell in enumerate(row):
            sheet.write(at, place, cell)
    assert understood(saved(book), "medical_settlements.xls").sheet.cells.num_rows == 3


def test_an_id_number_that_arrives_as_a_number_has_lost_its_digits() -> None:
    rows = [dict(ROWS[0]), dict(ROWS[1]) | {"id_no": 3.40298195001019e17}, dict(ROWS[2]) | {"id_no": 340298900101001}]
    found = checked(saved(workbook(grid(rows))))
    kinds = normalise(found.cells["id_no"]).kinds
    assert kinds.tolist() == [Kind.RESIDENT, Kind.PRECISION_LOST, Kind.PRECISION_LOST]


def test_dates_come_as_cells_of_dates_or_as_bare_serials() -> None:
    day = date(2026, 2, 10)
    ways = (day, datetime.combine(day, time()), 46063, "2026-02-10")
    rows = [dict(ROWS[0]) | {"settled_on": written} for written in ways]
    assert checked(saved(workbook(grid(rows)))).values["settled_on"].to_pylist() == [day] * 4


def test_a_formula_counts_as_the_value_last_computed_and_is_never_run() -> None:
    rows = grid()
    rows[1][6] = "=1+1"
    found = checked(saved(workbook(rows)))
    assert [problem.code for problem in found.faults.summary()] == ["missing"]


def test_hidden_sheets_are_left_alone_and_titles_above_the_header_are_skipped() -> None:
    book = workbook([["秘密"]], [["二月医保结算"], [], *grid()])
    book.worksheets[0].sheet_state = "hidden"
    book.worksheets[1].merge_cells("A1:H1")
    found = understood(saved(book))
    assert found.sheet.row_no.tolist() == [4, 5, 6]


def test_two_sheets_of_data_are_refused_rather_than_read_by_half() -> None:
    with pytest.raises(Invalid, match="several sheets"):
        understood(saved(workbook(grid(), grid(settlements(2, start=9)))))


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.99])
def test_a_workbook_cut_short_is_refused(cut: float) -> None:
    data = saved(workbook(grid(settlements(200))))
    with pytest.raises(Invalid, match="damaged"):
        sheets(data[: int(len(data) * cut)])


def test_a_workbook_with_entities_of_its_own_is_refused() -> None:
    parts = unpacked(saved(workbook(grid())), entries=100, total=1 << 20)
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;">]>'
    name = "xl/worksheets/sheet1.xml"
    parts[name] = parts[name].replace(b"<worksheet", bomb + b"<worksheet", 1)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, part in parts.items():
            archive.writestr(path, part)
    with pytest.raises(Invalid, match="entities"):
        read_book(out.getvalue(), modern=True)


def test_an_archive_of_one_file_is_read_as_that_file() -> None:
    data = zipped(medical_settlements__csv=as_csv(ROWS))
    assert understood(data, "medical_settlements.zip").sheet.cells.num_rows == 3
    book = zipped(data__xlsx=saved(workbook(grid())))
    assert understood(book, "medical_settlements.zip").sheet.cells.num_rows == 3


def test_an_archive_of_two_files_or_none_is_refused() -> None:
    for data in (zipped(a__csv="a,b\n1,2\n", b__csv="a,b\n1,2\n"), zipped(), zipped(a__exe=b"MZ")):
        with pytest.raises(Invalid, match="exactly one"):
            sheets(data, "medical_settlements.zip")


def test_an_archive_within_an_archive_is_refused() -> None:
    with pytest.raises(Invalid, match="archive within an archive"):
        sheets(zipped(inner__zip=zipped(a__csv="a,b\n1,2\n")), "medical_settlements.zip")


def test_a_zip_bomb_is_refused_before_it_unpacks() -> None:
    bomb = zipped(a__csv=b"0" * (300 << 20))
    assert len(bomb) < 1 << 20
    with pytest.raises(Invalid, match="unpacks to too much"):
        sheets(bomb, "medical_settlements.zip")


def test_a_zip_that_lies_about_its_size_is_never_read_beyond_what_it_states() -> None:
    data = bytearray(zipped(a__csv=b"0" * (64 << 20)))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<L", 1000)
    with pytest.raises(Invalid):
        unpacked(bytes(data), entries=10, total=1 << 20)


@pytest.mark.parametrize("name", ["../../etc/passwd.csv", "/etc/passwd.csv", "a/../../b.csv", "..\\b.csv"])
def test_a_path_that_leads_out_of_an_archive_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="path leading out"):
        unpacked(zipped(**{name: "a,b\n1,2\n"}), entries=10, total=1 << 20)


def test_a_link_within_an_archive_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("a.csv")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(Invalid, match="link"):
        unpacked(out.getvalue(), entries=10, total=1 << 20)


def test_more_entries_than_allowed_are_refused() -> None:
    with pytest.raises(Invalid, match="3 files"):
        unpacked(zipped(a="1", b="2", c="3", d="4"), entries=3, total=1 << 20)


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def test_a_parquet_file_may_be_typed_and_gives_the_same_values() -> None:
    typed = pa.table(
        {
            "settlement_id": pa.array(["S1", "S2"]).dictionary_encode(),
            "id_no": [number(0), number(1)],
            "settled_on": pa.array([date(2026, 2, 10), date(2026, 2, 11)], pa.date32()),
            "kind": ["inpatient", "住院"],
            "self_pay": pa.array(["12.50", "-3.00"]).cast(pa.decimal128(10, 2)),
            "cancelled": [True, False],
        }
    )
    found = checked(parquet(typed))
    assert not found.faults.summary()
    assert found.values["settled_on"].to_pylist() == [date(2026, 2, 10), date(2026, 2, 11)]
    assert [str(value) for value in found.values["self_pay"].to_pylist()] == ["12.50", "-3.00"]
    assert found.values["cancelled"].to_pylist() == [True, False]
    assert found.values["kind"].to_pylist() == ["inpatient", "inpatient"]


def test_id_numbers_in_parquet_are_exact_as_integers_and_lost_as_floats() -> None:
    whole = int(next(number(at) for at in range(50) if number(at)[-1] != "X"))
    exact = read_parquet(parquet(pa.table({"id_no": pa.array([whole], pa.int64())})))
    lost = read_parquet(parquet(pa.table({"id_no": pa.array([float(whole)])})))
    assert normalise(exact.cells.column(0)).kinds.tolist() == [Kind.RESIDENT]
    assert normalise(lost.cells.column(0)).kinds.tolist() == [Kind.PRECISION_LOST]


def test_a_damaged_or_nested_parquet_file_is_refused() -> None:
    data = parquet(pa.table({"a": [1, 2, 3]}))
    for broken in (data[:-5], data[:20], parquet(pa.table({"a": [[1], [2]]})), parquet(pa.table({"a": [b"\x00"]}))):
        with pytest.raises(Invalid, match="Parquet"):
            read_parquet(broken)


def test_what_a_file_is_goes_by_its_bytes_and_only_known_endings_are_taken() -> None:
    assert understood(as_csv(ROWS).encode(), "medical_settlements.xls").sheet.cells.num_rows == 3
    with pytest.raises(Invalid, match="are taken"):
        sheets(b"#!/bin/sh", "medical_settlements.sh")


def test_the_sheets_of_the_shared_sample_are_all_understood() -> None:
    sample = Path(__file__).resolve().parents[2] / "shared" / "deliveries" / "sample"
    if not sample.is_dir():
        pytest.skip("the shared sample deliveries are not beside this repository")
    for path in sample.glob("*/*.xlsx"):
        found = recognise(feed_pages(), sheets(path.read_bytes(), path.name), feed=None)
        assert found.page.name == path.name.split(".")[0]
        assert not found.problems


def test_a_parquet_file_whose_texts_are_not_utf_8_is_refused() -> None:
    gbk = pa.StringArray.from_buffers(1, pa.py_buffer(struct.pack("<2i", 0, 4)), pa.py_buffer("张三".encode("gbk")))
    for column in (gbk, gbk.dictionary_encode()):
        with pytest.raises(Invalid, match="Parquet"):
            read_parquet(parquet(pa.table({"name": column})))


@pytest.mark.parametrize("place", ["XFD1048576", "ZZZZZZZ99999999999", "ALL1048576"])
def test_a_stray_cell_far_from_the_table_is_refused_before_the_grid_is_made(place: str) -> None:
    book = workbook([["id_no"], [number(0)]])
    data, out = saved(book), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            stray = f'<row r="9"><c r="{place}"><v>1</v></c></row></sheetData>'.encode()
            after.writestr(name, before.read(name).replace(b"</sheetData>", stray))
    with pytest.raises(Invalid, match="too far apart"):
        read_book(out.getvalue(), modern=True)


def test_cells_that_are_only_formatted_do_not_count_however_far_away() -> None:
    data, out = saved(workbook([["id_no"], [number(0)]])), io.BytesIO()
    bare = b'<row r="1048576" s="1"><c r="XFD1048576" s="1"/></row></sheetData>'
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(b"</sheetData>", bare))
    assert read_book(out.getvalue(), modern=True)[0].cells.num_rows == 1
