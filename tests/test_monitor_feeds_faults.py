"""Part C of the fault list where it takes a whole night to see: what a bad delivery does, or does not do, to alerts."""

import io
import threading
import time
import zipfile
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from drops import as_csv, codes, drop, facts, number, people, settlements
from factories import viewer
from sqlalchemy import select

from jobs.scan import scan
from monitor import database, feeds
from monitor.alerts.asked import UNRULED
from monitor.errors import Invalid
from monitor.feeds.files import Arrival, sheets_of, take_in
from monitor.service import Service
from monitor.tables import Alert, Household, Reason
from monitor.work import queue
from monitor.work.deadlines import Spans

DAY, NIGHT = date(2026, 3, 5), date(2026, 3, 31)
COSTLY = {"settled_on": "2026-03-01", "self_pay": "26000.00"}
RED, OTHER = "340202001001", "340223001001"
FEED = "medical_settlements"


def alerts(service: Service) -> list[tuple[int, str, date | None]]:
    """Every alert: whose it is, how it stands, and since when everything in it is cleared."""
    with database.reading(service.engine) as session:
        ruled = select(Reason.alert_id).where(Reason.rule.not_in(UNRULED))  # not by the random sample
        found = session.scalars(select(Alert).where(Alert.id.in_(ruled)).order_by(Alert.household_id, Alert.id))
        return [(one.household_id, one.status, one.cleared_on) for one in found]


def reasons(service: Service) -> dict[str, str]:
    with database.reading(service.engine) as session:
        return {one.rule: one.status for one in session.scalars(select(Reason).where(Reason.rule.not_in(UNRULED)))}


@pytest.fixture
def alerted(service: Service, tmp_path: Path) -> Service:
    """Three households, one of them alerted for costly treatment."""
    drop(tmp_path, "household_register", people(6), day=DAY)
    drop(tmp_path, FEED, settlements(1, **COSTLY), day=DAY)
    assert {one.status for one in feeds.ingest_folder(service, tmp_path)} == {"committed"}
    scan(service, NIGHT)
    assert [status for _, status, _ in alerts(service)] == ["open"]
    return service


@pytest.mark.parametrize("content", ["", as_csv(settlements(1)).splitlines()[0] + "\r\n"], ids=["no bytes", "header"])
def test_an_empty_file_clears_no_alert_and_raises_none(alerted: Service, tmp_path: Path, content: str) -> None:
    before = alerts(alerted)
    receipt = feeds.ingest(alerted, drop(tmp_path, FEED, content, day=NIGHT, ending="b.csv"))
    assert (receipt.status, codes(receipt.problems)) == ("held", ["held_empty"])
    scan(alerted, NIGHT + timedelta(days=1))
    assert alerts(alerted) == before


def test_an_empty_full_list_leaves_the_last_good_one_standing(alerted: Service, tmp_path: Path) -> None:
    header = "house_no,id_no,level,only_home\n"
    feeds.ingest(alerted, drop(tmp_path, "housing_safety", f"{header}F1,{number(2)},D,1\n", day=DAY))
    scan(alerted, NIGHT + timedelta(days=1))
    before = alerts(alerted)
    assert len(before) == 2
    assert feeds.ingest(alerted, drop(tmp_path, "housing_safety", header, day=NIGHT)).status == "held"
    scan(alerted, NIGHT + timedelta(days=2))
    assert alerts(alerted) == before


def test_a_feed_that_stays_away_turns_its_reasons_unknown_and_clears_nothing(alerted: Service) -> None:
    scan(alerted, NIGHT + timedelta(days=60))
    assert [(status, cleared) for _, status, cleared in alerts(alerted)] == [("open", None)]
    assert set(reasons(alerted).values()) == {"unknown"}


def test_a_late_feed_is_judged_by_the_same_night_scanned_again(alerted: Service, tmp_path: Path) -> None:
    late = settlements(1, start=9, id_no=number(4), **COSTLY)
    feeds.ingest(alerted, drop(tmp_path, FEED, late, day=NIGHT, ending="late.csv"))
    done = scan(alerted, NIGHT)
    assert not done.again
    assert len(alerts(alerted)) == 2


def test_one_file_three_times_is_one_delivery(alerted: Service, tmp_path: Path) -> None:
    told = [feeds.ingest(alerted, drop(tmp_path / "again", FEED, settlements(3), day=NIGHT)).status for _ in range(3)]
    assert told == ["committed", "duplicate", "duplicate"]


@pytest.mark.parametrize("older", [1, 40])
def test_an_older_file_after_a_newer_changes_no_alert(alerted: Service, tmp_path: Path, older: int) -> None:
    before = alerts(alerted)
    cheap = settlements(1, settled_on="2026-03-01", self_pay="1.00")
    receipt = feeds.ingest(alerted, drop(tmp_path, FEED, cheap, day=DAY - timedelta(days=older)))
    assert (receipt.status, "regression" in receipt.problems[0].en) == ("refused", True)
    scan(alerted, NIGHT + timedelta(days=1))
    assert alerts(alerted) == before


def test_a_file_that_somebody_is_still_writing_gives_a_beginning_of_itself_or_is_refused(tmp_path: Path) -> None:
    """Only a manifest or a marker says that it is whole: the watched folder waits for one."""
    path, lines = tmp_path / f"{FEED}.csv", as_csv(settlements(4_000)).encode().splitlines(keepends=True)
    whole = b"".join(lines)
    path.touch()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            for start in range(0, len(lines), 50):
                file.write(b"".join(lines[start : start + 50]))
                time.sleep(0.0005)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        with suppress(Invalid):
            assert whole.startswith(take_in(path).data)
    writer.join()
    assert take_in(path).data == whole


def test_a_file_without_its_last_part_is_refused_where_a_manifest_states_the_rows_or_the_digest(
    alerted: Service, tmp_path: Path
) -> None:
    whole = settlements(40, start=50, of=6)
    for at, said in enumerate(({"rows": 40}, {"sha256": "0" * 64})):
        path = drop(tmp_path, FEED, whole[:25], day=NIGHT, ending=f"{at}.csv", **said)
        assert feeds.ingest(alerted, path).status == "refused"
    assert len(facts(alerted, FEED)) == 1


def workbook(change: Any) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in [list(settlements(1)[0]), *[list(row.values()) for row in settlements(3)]]:
        book.active.append(row)
    change(book)
    book.save(out)
    return out.getvalue()


def merge(book: Any) -> None:
    book.active.merge_cells("C2:C4")


def hide(book: Any) -> None:
    book.create_sheet("旧").append(["settlement_id", number(1)])
    book["旧"].sheet_state = "veryHidden"


def compute(book: Any) -> None:
    book.active["G2"] = '=HYPERLINK("http://127.0.0.1/"&B2,"1")'


def float_ids(book: Any) -> None:
    book.active["B3"] = 3.4029819500101e17


@pytest.mark.parametrize(
    ("change", "good", "fault"),
    [(merge, 3, None), (hide, 3, None), (compute, 2, "missing"), (float_ids, 2, "precision_lost")],
)
def test_a_workbook_as_people_make_them_gives_its_stored_values_and_nothing_else(
    alerted: Service, tmp_path: Path, change: Any, good: int, fault: str | None
) -> None:
    receipt = feeds.ingest(alerted, drop(tmp_path, FEED, workbook(change), day=NIGHT, ending="xlsx"))
    assert (receipt.status, receipt.rows, receipt.good) == ("committed", 3, good)
    assert [fault] == (codes(receipt.problems) or [None])


def test_a_workbook_that_refers_to_a_file_of_this_machine_never_reads_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(number(1))
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(lambda book: None))) as before,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            part = before.read(name)
            if name == "xl/worksheets/sheet1.xml":
                outside = f'<!DOCTYPE x [<!ENTITY f SYSTEM "{secret.as_uri()}">]>'.encode()
                part = outside + part.replace(b"<v>0</v>", b"<v>&f;</v>", 1)
            after.writestr(name, part)
    with pytest.raises(Invalid, match="entities"):
        sheets_of(Arrival("a.xlsx", out.getvalue(), "", None))


def test_a_file_of_another_day_than_its_manifest_is_refused(alerted: Service, tmp_path: Path) -> None:
    wrong = drop(tmp_path, FEED, settlements(3), day=NIGHT, received_on=DAY)
    held = feeds.ingest(alerted, wrong, received_on=NIGHT)
    assert (held.status, "received_on" in held.problems[0].en) == ("refused", True)


def test_a_byte_altered_on_the_way_refuses_the_file_and_the_alert_stands(alerted: Service, tmp_path: Path) -> None:
    before, rows = alerts(alerted), settlements(3, self_pay="26000.00")
    for place in (120, 200, 300):
        path = drop(tmp_path, FEED, rows, day=NIGHT, ending=f"{place}.csv", sha256=True)
        data = bytearray(path.read_bytes())
        data[place] ^= 1
        path.write_bytes(bytes(data))
        receipt = feeds.ingest(alerted, path)
        assert (receipt.status, "SHA-256" in receipt.problems[0].en) == ("refused", True)
    scan(alerted, NIGHT + timedelta(days=1))
    assert alerts(alerted) == before


def test_dead_by_one_agency_and_paid_by_another_is_a_reason_for_a_person(alerted: Service, tmp_path: Path) -> None:
    paid = {"payment_id": "B1", "id_no": number(2), "month": "2026-02", "program": "低保", "amount": "600"}
    feeds.ingest(alerted, drop(tmp_path, "deaths", [{"id_no": number(2), "died_on": "2025-11-10"}], day=DAY))
    feeds.ingest(alerted, drop(tmp_path, "benefit_payments", [paid | {"result": "paid"}], day=DAY))
    scan(alerted, NIGHT + timedelta(days=1))
    assert reasons(alerted)["paid_after_death"] == "active"
    assert (len(facts(alerted, "deaths")), len(facts(alerted, "benefit_payments"))) == (1, 1)


def test_a_household_that_moved_overnight_is_seen_where_it_is_now_and_no_longer_where_it_was(
    alerted: Service, tmp_path: Path
) -> None:
    spans = Spans(NIGHT - timedelta(days=7), NIGHT, NIGHT + timedelta(days=3))

    def seen(region: str) -> int:
        with database.reading(alerted.engine) as session:
            shown = queue.queue(session, queue.Filters(), viewer=viewer(region), spans=spans).alerts
            return sum(any(reason.rule not in UNRULED for reason in one.reasons) for one in shown)

    assert (seen(RED[:6]), seen(OTHER[:6])) == (1, 0)
    moved = [*people(2, region=OTHER), *people(4, start=2)]
    feeds.ingest(alerted, drop(tmp_path, "household_register", moved, day=NIGHT))
    scan(alerted, NIGHT + timedelta(days=1))
    assert (seen(RED[:6]), seen(OTHER[:6])) == (0, 1)
    with database.reading(alerted.engine) as session:
        assert session.scalars(select(Household.county).order_by(Household.id)).first() == OTHER[:6]
    scan(alerted, NIGHT + timedelta(days=2))
    assert len(alerts(alerted)) == 1
