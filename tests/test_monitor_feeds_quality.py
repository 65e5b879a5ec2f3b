"""A delivery unlike those before it waits for a person; earlier facts stand, and nothing is cleared by silence."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from drops import as_csv, codes, drop, facts, number, people, settlements
from sqlalchemy import select

from monitor import database, feeds
from monitor.errors import Conflict, Invalid, NotFound
from monitor.feeds import Receipt
from monitor.feeds.quality import Past, usual_rows
from monitor.service import Service
from monitor.tables import AuditEntry, Delivery

MONTHS = [date(2025, month, 5) for month in range(1, 13)]
Send = Callable[..., Receipt]


@pytest.fixture
def send(sqlite_service: Service, tmp_path: Path) -> Send:
    """Send medical settlements of a city of 400 people that have come in for three months, 300 rows each."""
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(400), day=date(2025, 1, 1)))

    def deliver(month: int, rows: object, /, day: date | None = None, **manifest: object) -> Receipt:
        on = day or MONTHS[month]
        content = rows if isinstance(rows, str | list) else settlements(int(str(rows)), start=month * 10_000, of=400)
        return feeds.ingest(
            sqlite_service, drop(tmp_path, "medical_settlements", content, day=on, ending=f"{on}.csv", **manifest)
        )

    for month in range(3):
        assert deliver(month, 300).status == "committed"
    return deliver


def test_a_file_without_rows_is_held_and_earlier_facts_stand(sqlite_service: Service, send: Send) -> None:
    header = as_csv(settlements(1)).splitlines()[0] + "\r\n"
    for month, content in ((3, header), (4, header + "\r\n\r\n")):
        receipt = send(month, content)
        assert (receipt.status, codes(receipt.problems)) == ("held", ["held_empty"])
    assert len(facts(sqlite_service, "medical_settlements")) == 900


def test_a_file_of_no_bytes_is_held_as_empty(sqlite_service: Service, send: Send, tmp_path: Path) -> None:
    receipt = feeds.ingest(sqlite_service, drop(tmp_path, "vehicles", b"", day=MONTHS[3]))
    assert (receipt.feed, receipt.status, codes(receipt.problems)) == ("vehicles", "held", ["held_empty"])


def test_an_agency_may_say_that_there_is_nothing_to_report(sqlite_service: Service, send: Send, tmp_path: Path) -> None:
    silent = feeds.ingest(sqlite_service, drop(tmp_path, "deaths", "id_no,died_on\n", day=MONTHS[3]))
    stated = feeds.ingest(sqlite_service, drop(tmp_path, "deaths", "id_no,name,died_on\n", day=MONTHS[3], rows=0))
    again = drop(tmp_path, "deaths", "id_no,name,died_on\n", day=MONTHS[4], rows=0, received_on=MONTHS[4])
    assert (silent.status, stated.status) == ("held", "committed")
    assert feeds.ingest(sqlite_service, again).status == "committed"
    assert send(3, as_csv(settlements(1)).splitlines()[0] + "\n", rows=0).status == "held"


def test_nothing_to_report_may_be_said_with_a_file_of_no_bytes(sqlite_service: Service, tmp_path: Path) -> None:
    receipt = feeds.ingest(sqlite_service, drop(tmp_path, "accidents", b"", day=MONTHS[3], rows=0))
    assert (receipt.status, receipt.rows, receipt.facts) == ("committed", 0, 0)


@pytest.mark.parametrize("rows", [140, 1600])
def test_half_or_many_times_the_usual_rows_are_held(send: Send, rows: int) -> None:
    receipt = send(3, rows)
    assert (receipt.status, codes(receipt.problems)) == ("held", ["held_volume"])
    assert "about 300" in receipt.problems[0].en


@pytest.mark.parametrize("rows", [155, 1400])
def test_a_number_of_rows_within_the_limits_is_not_held(send: Send, rows: int) -> None:
    assert send(3, rows).status == "committed"


@pytest.mark.parametrize("earlier", [1, 2])
def test_ten_times_the_rows_are_held_even_in_the_second_and_third_period(
    sqlite_service: Service, tmp_path: Path, earlier: int
) -> None:
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(400), day=date(2025, 1, 1)))

    def status(month: int, rows: int) -> str:
        bills = settlements(rows, start=month * 10_000, of=400)
        return feeds.ingest(sqlite_service, drop(tmp_path, "medical_settlements", bills, day=MONTHS[month])).status

    assert {status(month, 300) for month in range(earlier)} == {"committed"}
    assert status(earlier, 3000) == "held"
    assert status(earlier + 1, 2900) == "committed"


def test_a_small_young_feed_may_grow_tenfold(sqlite_service: Service, tmp_path: Path) -> None:
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(400), day=date(2025, 1, 1)))
    for month, rows in enumerate((15, 190)):
        bills = settlements(rows, start=month * 10_000, of=400)
        receipt = feeds.ingest(sqlite_service, drop(tmp_path, "medical_settlements", bills, day=MONTHS[month]))
        assert receipt.status == "committed"


def test_a_small_correction_soon_after_a_regular_delivery_is_not_held(send: Send) -> None:
    assert send(2, settlements(12, start=777), day=MONTHS[2] + timedelta(days=20)).status == "committed"


def test_a_small_delivery_where_a_regular_one_is_due_is_held(send: Send) -> None:
    assert send(3, settlements(12, start=777), day=MONTHS[3]).status == "held"


def test_a_size_that_the_feed_has_had_before_is_not_held_even_when_late(send: Send) -> None:
    for place in (1, 2):
        send(2, settlements(12, start=777 * place), day=MONTHS[2] + timedelta(days=5 * place))
    assert send(4, settlements(9, start=5), day=MONTHS[4]).status == "committed"


def test_small_full_lists_may_grow_and_shrink(sqlite_service: Service, tmp_path: Path) -> None:
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(90), day=date(2025, 1, 1)))
    for month, count in enumerate((23, 12, 24, 56, 80, 65, 55)):
        lines = [f"F{at},{number(at)},C,1\n" for at in range(count)]
        content = "house_no,id_no,level,only_home\n" + "".join(lines)
        receipt = feeds.ingest(sqlite_service, drop(tmp_path, "housing_safety", content, day=MONTHS[month]))
        assert receipt.status == "committed"


def test_a_full_list_that_lost_half_its_rows_is_held(sqlite_service: Service, tmp_path: Path) -> None:
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(400), day=date(2025, 1, 1)))
    receipt = feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(190), day=date(2026, 1, 1)))
    assert receipt.status == "held"
    assert "held_volume" in codes(receipt.problems)


def vehicles(count: int, *, start: int = 0, kind: str = "car") -> str:
    lines = [f"皖B{at:05d},{number(at)},{kind},private,2020-01-01,active\n" for at in range(start, start + count)]
    return "plate_no,id_no,kind,use,registered_on,status\n" + "".join(lines)


def test_a_full_list_that_leaves_out_much_of_what_stands_is_held(sqlite_service: Service, tmp_path: Path) -> None:
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(90), day=date(2025, 1, 1)))
    assert feeds.ingest(sqlite_service, drop(tmp_path, "vehicles", vehicles(40), day=MONTHS[0])).status == "committed"
    for month, content in ((1, vehicles(20)), (2, vehicles(2)), (3, vehicles(40, start=30))):
        receipt = feeds.ingest(sqlite_service, drop(tmp_path, "vehicles", content, day=MONTHS[month]))
        assert (receipt.status, "held_left_out" in codes(receipt.problems)) == ("held", True)
    assert len(facts(sqlite_service, "vehicles")) == 40
    assert feeds.ingest(sqlite_service, drop(tmp_path, "vehicles", vehicles(33), day=MONTHS[4])).status == "committed"


def test_a_manifest_of_rows_and_digest_vouches_for_a_shorter_full_list(sqlite_service: Service, tmp_path: Path) -> None:
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(90), day=date(2025, 1, 1)))
    feeds.ingest(sqlite_service, drop(tmp_path, "vehicles", vehicles(40), day=MONTHS[0]))
    shorter = drop(tmp_path, "vehicles", vehicles(21), day=MONTHS[1], rows=21, sha256=True)
    assert feeds.ingest(sqlite_service, shorter).status == "committed"


def test_a_register_that_lost_a_fifth_of_its_lines_is_held(sqlite_service: Service, tmp_path: Path) -> None:
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(60), day=date(2025, 1, 1)))
    receipt = feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(46), day=date(2026, 1, 1)))
    assert (receipt.status, "held_left_out" in codes(receipt.problems)) == ("held", True)


def test_amounts_in_another_unit_are_held(send: Send) -> None:
    for month, amount in ((3, "0.01"), (4, "410000")):
        rows = settlements(300, start=10_000 * month, of=400, self_pay=amount)
        receipt = send(month, rows)
        assert (receipt.status, codes(receipt.problems)) == ("held", ["held_amount"])


def test_a_column_suddenly_empty_is_held(send: Send) -> None:
    assert "held_nulls" in codes(send(3, settlements(300, start=30_000, of=400, total_fee="")).problems)


def test_people_suddenly_unknown_are_held(send: Send) -> None:
    rows = [dict(row) | {"id_no": number(9_000 + at)} for at, row in enumerate(settlements(300, start=30_000))]
    assert "held_unmatched" in codes(send(3, rows).problems)


def test_shifted_columns_under_the_same_header_are_held(send: Send) -> None:
    sent = settlements(300, of=400)
    rows = [dict(row) | {"settlement_id": row["name"], "name": row["settlement_id"]} for row in sent]
    receipt = send(3, rows)
    assert receipt.status == "held"
    assert "held_profile" in codes(receipt.problems)


def test_columns_shifted_among_typed_ones_leave_no_usable_row_and_are_held(send: Send) -> None:
    rows = [dict(row) | {"kind": row["self_pay"], "self_pay": row["kind"]} for row in settlements(300, of=400)]
    receipt = send(3, rows)
    assert receipt.status == "held"
    assert "held_errors" in codes(receipt.problems)


def test_many_wrong_rows_are_held_and_a_few_are_not(send: Send) -> None:
    rows = [dict(row) | ({"self_pay": "x"} if at % 2 else {}) for at, row in enumerate(settlements(300, start=30_000))]
    assert "held_errors" in codes(send(3, rows).problems)
    few = [dict(row) | ({"self_pay": "x"} if at < 19 else {}) for at, row in enumerate(settlements(300, start=40_000))]
    assert send(3, few).status == "committed"


def test_dates_after_the_day_of_receipt_are_held_when_they_are_many(send: Send) -> None:
    assert "held_dates" in codes(send(3, settlements(300, start=30_000, of=400, settled_on="2027-01-01")).problems)


def test_another_countys_file_is_held(sqlite_service: Service, tmp_path: Path) -> None:
    mixed = [*people(600), *people(600, start=600, region="340223001001")]
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", mixed, day=date(2025, 1, 1)))
    ours = [dict(row) | {"id_no": number(at % 600)} for at, row in enumerate(settlements(300))]
    theirs = [dict(row) | {"id_no": number(600 + at % 600)} for at, row in enumerate(settlements(300, start=900))]
    first = feeds.ingest(sqlite_service, drop(tmp_path, "medical_settlements", ours, day=MONTHS[0]))
    assert first.status == "committed"
    receipt = feeds.ingest(sqlite_service, drop(tmp_path, "medical_settlements", theirs, day=MONTHS[1]))
    assert (receipt.status, codes(receipt.problems)) == ("held", ["held_county"])


def test_a_backlog_at_the_start_does_not_hold_the_regular_ones_after_it(
    sqlite_service: Service, tmp_path: Path
) -> None:
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(400), day=date(2025, 1, 1)))
    for month, count in enumerate((3000, 300, 310, 290, 305)):
        rows = settlements(count, start=month * 10_000, of=400)
        receipt = feeds.ingest(sqlite_service, drop(tmp_path, "medical_settlements", rows, day=MONTHS[month]))
        assert receipt.status == "committed"


def test_the_usual_number_is_the_median_over_periods_of_the_largest_in_each() -> None:
    page = feeds.agreed_pages()["medical_settlements"]
    past = [Past(day + timedelta(days=late), rows, {}) for day in MONTHS[:4] for late, rows in ((0, 250), (20, 15))]
    assert usual_rows(page, past) == 250
    assert usual_rows(page, past[:4]) is None
    assert usual_rows(page, []) is None


def held(send: Send, month: int = 3) -> Receipt:
    receipt = send(month, settlements(140, start=month * 10_000, of=400, self_pay="41"))
    assert receipt.status == "held"
    return receipt


def test_a_person_releases_a_held_delivery_and_it_is_known_from_that_day(sqlite_service: Service, send: Send) -> None:
    waiting = held(send)
    on = MONTHS[3] + timedelta(days=2)
    receipt = feeds.release(sqlite_service, waiting.delivery_id, by="wang", reason="the hospital was closed", on=on)
    assert (receipt.delivery_id, receipt.status, receipt.known_on) == (waiting.delivery_id, "committed", on)
    assert receipt.received_on == MONTHS[3]
    assert len(facts(sqlite_service, "medical_settlements")) == 1040
    with database.reading(sqlite_service.engine) as session:
        stored = session.get_one(Delivery, waiting.delivery_id)
        assert (stored.decided_by, stored.decided_why) == ("wang", "the hospital was closed")
        assert session.scalars(select(AuditEntry.action)).all()[-2:] == ["delivery.held", "delivery.released"]


def test_a_person_rejects_a_held_delivery_and_its_original_is_destroyed(sqlite_service: Service, send: Send) -> None:
    waiting = held(send)
    original = sqlite_service.settings.received / f"{waiting.delivery_id}.held"
    assert original.exists()
    assert feeds.reject(sqlite_service, waiting.delivery_id, by="wang", reason="sent by mistake").status == "rejected"
    assert not original.exists()
    assert len(facts(sqlite_service, "medical_settlements")) == 900


def test_a_held_delivery_is_decided_once_and_with_a_reason(sqlite_service: Service, send: Send) -> None:
    waiting = held(send)
    with pytest.raises(Invalid, match="why"):
        feeds.release(sqlite_service, waiting.delivery_id, by="wang", reason=" ")
    feeds.release(sqlite_service, waiting.delivery_id, by="wang", reason="fine")
    for decide in (feeds.release, feeds.reject):
        with pytest.raises(Conflict, match="not held"):
            decide(sqlite_service, waiting.delivery_id, by="li", reason="late")
    with pytest.raises(NotFound):
        feeds.error_rows(sqlite_service, type(waiting.delivery_id)(int=1))


def test_the_original_of_a_held_delivery_is_kept_encrypted(sqlite_service: Service, send: Send) -> None:
    waiting = held(send)
    path = sqlite_service.settings.received / f"{waiting.delivery_id}.held"
    assert path.stat().st_mode & 0o077 == 0
    assert number(1).encode() not in path.read_bytes()


def test_the_same_held_file_again_is_a_duplicate(send: Send) -> None:
    waiting = held(send)
    again = send(3, settlements(140, start=30_000, of=400, self_pay="41"), day=MONTHS[4])
    assert (again.status, again.delivery_id) == ("duplicate", waiting.delivery_id)


def test_a_rejected_file_may_be_sent_again(sqlite_service: Service, send: Send) -> None:
    feeds.reject(sqlite_service, held(send).delivery_id, by="wang", reason="sent by mistake")
    assert held(send).status == "held"


def test_what_a_later_delivery_said_anew_is_not_undone_by_a_late_release(sqlite_service: Service, send: Send) -> None:
    waiting = held(send)
    newer = [*settlements(1, start=30_000, of=400, self_pay="99"), *settlements(299, start=60_000, of=400)]
    assert send(4, newer).status == "committed"
    receipt = feeds.release(sqlite_service, waiting.delivery_id, by="wang", reason="complete", on=MONTHS[5])
    assert (receipt.facts, receipt.superseded) == (139, 0)
    assert sum(fact["self_pay"] == 99 for fact in facts(sqlite_service, "medical_settlements")) == 1


def test_a_held_full_list_overtaken_by_a_newer_one_cannot_be_released(sqlite_service: Service, tmp_path: Path) -> None:
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(400), day=date(2025, 1, 1)))
    waiting = feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(100), day=date(2025, 6, 1)))
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(390), day=date(2025, 7, 1)))
    with pytest.raises(Conflict, match="newer full delivery"):
        feeds.release(sqlite_service, waiting.delivery_id, by="wang", reason="late")
