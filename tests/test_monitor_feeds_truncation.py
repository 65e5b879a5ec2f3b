"""A file cut anywhere is refused, held, or gives whole rows that it really has: never half a row, never a crash."""

import io
from pathlib import Path

import openpyxl
import pytest
from drops import DAY, as_csv, drop, facts, people, settlements

from monitor import feeds
from monitor.errors import Invalid
from monitor.feeds.agreed import feed_pages, recognise
from monitor.feeds.checking import check
from monitor.feeds.files import Arrival, sheets_of
from monitor.service import Service

ROWS = settlements(60, name="欧阳䶮", kind="住院")
TEXT = as_csv(ROWS)
COLUMN_LAST_IS_AN_AMOUNT = as_csv(ROWS, columns=[*[c for c in ROWS[0] if c != "self_pay"], "self_pay"])
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "gb18030"]


def rows_of(data: bytes) -> set[tuple[str, ...]] | None:
    """What a cut file would give: its usable rows by their plain columns; None if it is refused or empty."""
    try:
        sheets = sheets_of(Arrival("medical_settlements.csv", data, "", None))
        found = recognise(feed_pages(), sheets, feed="medical_settlements")
        checked = check(found, mode="append", received_on=DAY, vouched=False)
    except Invalid:
        return None
    columns = [checked.values[name] for name in ("settlement_id", "settled_on", "kind", "self_pay", "cancelled")]
    usable = checked.usable().tolist()
    return {tuple(str(column[row].as_py()) for column in columns) for row in range(checked.whole) if usable[row]}


@pytest.mark.parametrize("text", [TEXT, COLUMN_LAST_IS_AN_AMOUNT], ids=["flag last", "amount last"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_text_file_of_four_kibibytes_cut_at_every_byte_never_gives_a_row_it_has_not(encoding: str, text: str) -> None:
    data = text.encode(encoding)
    assert len(data) >= 4096
    whole = rows_of(data)
    assert whole is not None
    assert len(whole) == 60
    refused = 0
    for cut in range(len(data)):
        found = rows_of(data[:cut])
        refused += found is None
        assert found is None or found <= whole, f"cut at {cut}"
    assert refused > 0.8 * len(data)


def test_a_workbook_cut_at_every_hundredth_byte_is_refused_whole() -> None:
    book = openpyxl.Workbook()
    for row in [list(ROWS[0]), *[list(row.values()) for row in ROWS]]:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    data = out.getvalue()
    for cut in range(1, len(data), 100):
        arrival = Arrival("medical_settlements.xlsx", data[:cut], "", None)
        with pytest.raises(Invalid):
            recognise(feed_pages(), sheets_of(arrival), feed="medical_settlements")


def test_a_cut_file_leaves_the_earlier_facts_as_they_were(sqlite_service: Service, tmp_path: Path) -> None:
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(20)))
    feeds.ingest(sqlite_service, drop(tmp_path, "medical_settlements", settlements(5)))
    before = facts(sqlite_service, "medical_settlements")
    data = TEXT.encode()
    for cut in range(7, len(data), 997):
        path = drop(tmp_path, "medical_settlements", data[:cut], ending=f"{cut}.csv")
        receipt = feeds.ingest(sqlite_service, path)
        assert receipt.status in ("refused", "held")
    assert facts(sqlite_service, "medical_settlements") == before


def test_a_last_line_without_an_end_is_taken_when_its_last_cell_is_complete_or_a_manifest_vouches(
    sqlite_service: Service, tmp_path: Path
) -> None:
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(20)))
    complete, open_amount = as_csv(settlements(2)).rstrip(), as_csv(settlements(2), columns=list(ROWS[0])[:7]).rstrip()
    taken = feeds.ingest(sqlite_service, drop(tmp_path, "medical_settlements", complete))
    refused = feeds.ingest(sqlite_service, drop(tmp_path, "medical_settlements", open_amount, ending="b.csv"))
    vouched = drop(tmp_path, "medical_settlements", open_amount, ending="c.csv", sha256=True)
    assert (taken.status, refused.status) == ("committed", "refused")
    assert "may be cut off" in refused.problems[0].en
    assert feeds.ingest(sqlite_service, vouched).status == "committed"
