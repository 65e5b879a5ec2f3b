"""One delivery after another: facts that hold, facts that end, and files that change nothing."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from drops import DAY, as_csv, codes, drop, facts, name, number, people, settlements
from sqlalchemy import func, select

from monitor import database, feeds
from monitor.errors import Invalid
from monitor.service import Service
from monitor.tables import AuditEntry, Delivery, Link

LATER = DAY + timedelta(days=31)


@pytest.fixture
def home(service: Service, tmp_path: Path) -> Path:
    """A drop folder whose register of twenty people is already taken in."""
    receipt = feeds.ingest(service, drop(tmp_path, "household_register", people(20), day=date(2026, 1, 1)))
    assert receipt.status == "committed"
    return tmp_path


def self_pay(service: Service) -> list[Decimal]:
    return sorted(fact["self_pay"] for fact in facts(service, "medical_settlements"))


def held_and_committed(service: Service) -> int:
    with database.reading(service.engine) as session:
        query = select(func.count()).select_from(Delivery).where(Delivery.status.in_(("committed", "held")))
        return session.scalar(query) or 0


def test_good_rows_become_facts_that_know_people_by_their_key_alone(service: Service, home: Path) -> None:
    receipt = feeds.ingest(service, drop(home, "medical_settlements", settlements(6, of=3)))
    assert (receipt.status, receipt.rows, receipt.good, receipt.facts, receipt.unmatched) == ("committed", 6, 6, 6, 0)
    found = facts(service, "medical_settlements")
    assert len({fact["person_key"] for fact in found}) == 3
    assert set(found[0]) == {
        "fact_key", "person_key", "row_no", "seq", "settled_on", "kind", "total_fee", "self_pay", "cancelled",
    }  # fmt: skip
    assert sorted(fact["row_no"] for fact in found) == [2, 3, 4, 5, 6, 7]


def test_a_chinese_header_in_any_order_with_unknown_columns_is_the_same_delivery(service: Service, home: Path) -> None:
    header = ["备注", "个人自付（元）", "医疗类别", "结算日期", "身份证号", "结算编号", "是否撤销"]
    rows = [dict(zip(header, ["x", "12.5", "住院", "2026/2/1", number(1), "S1", "否"], strict=True))]
    receipt = feeds.ingest(service, drop(home, "medical_settlements", as_csv(rows)))
    assert (receipt.status, codes(receipt.problems)) == ("committed", ["column_unknown"])
    fact = facts(service, "medical_settlements")[0]
    assert (fact["self_pay"], fact["kind"], fact["cancelled"]) == (Decimal("12.50"), "inpatient", False)


def test_a_missing_required_column_refuses_the_file_naming_it_in_both_languages(service: Service, home: Path) -> None:
    rows = [{key: cell for key, cell in row.items() if key != "self_pay"} for row in settlements(3)]
    receipt = feeds.ingest(service, drop(home, "medical_settlements", rows))
    assert receipt.status == "refused"
    assert "个人自付（self_pay）" in receipt.problems[0].zh
    assert "self_pay" in receipt.problems[0].en
    assert facts(service, "medical_settlements") == []


def test_the_feed_is_known_by_its_header_when_the_name_does_not_say(service: Service, home: Path) -> None:
    receipt = feeds.ingest(service, drop(home, "导出结果", settlements(3)))
    assert (receipt.feed, receipt.status) == ("medical_settlements", "committed")


def test_a_header_that_fits_nothing_or_several_feeds_is_refused(service: Service, home: Path) -> None:
    nothing = feeds.ingest(service, drop(home, "导出结果", "甲,乙\n1,2\n"))
    several = feeds.ingest(service, drop(home, "汇总", f"id_no,month,amount\n{number(1)},2026-01,5\n"))
    assert nothing.status == several.status == "refused"
    assert "fits no feed" in nothing.problems[0].en
    assert "fits several feeds" in several.problems[0].en


def test_a_row_with_a_key_seen_before_supersedes_the_earlier_one(service: Service, home: Path) -> None:
    feeds.ingest(service, drop(home, "medical_settlements", settlements(3, self_pay="10")))
    again = settlements(1, start=1, self_pay="99")
    receipt = feeds.ingest(service, drop(home, "medical_settlements", again, day=LATER))
    assert (receipt.superseded, receipt.gone) == (1, 1)
    assert self_pay(service) == [Decimal(10), Decimal(10), Decimal(99)]


def test_a_row_corrected_to_somebody_unknown_ends_the_earlier_fact(service: Service, home: Path) -> None:
    feeds.ingest(service, drop(home, "medical_settlements", settlements(3)))
    stranger = settlements(1, id_no=number(5000))
    receipt = feeds.ingest(service, drop(home, "medical_settlements", stranger, day=LATER))
    assert (receipt.unmatched, receipt.facts, receipt.superseded) == (1, 0, 1)
    assert len(facts(service, "medical_settlements")) == 2


def test_a_row_with_an_error_ends_nothing(service: Service, home: Path) -> None:
    feeds.ingest(service, drop(home, "medical_settlements", settlements(3)))
    mixed = [*settlements(1, self_pay="many"), *settlements(1, start=10)]
    receipt = feeds.ingest(service, drop(home, "medical_settlements", mixed, day=LATER))
    assert (receipt.status, receipt.errors, receipt.superseded) == ("committed", 1, 0)
    assert len(facts(service, "medical_settlements")) == 4


def test_within_a_file_the_last_row_of_a_key_wins(service: Service, home: Path) -> None:
    twice = [*settlements(2, self_pay="1"), *settlements(1, self_pay="2")]
    receipt = feeds.ingest(service, drop(home, "medical_settlements", twice))
    assert (receipt.duplicates, receipt.facts) == (1, 2)
    assert self_pay(service) == [Decimal(1), Decimal(2)]


def test_a_key_with_a_person_in_it_is_superseded_whatever_way_the_number_is_written(
    service: Service, home: Path
) -> None:
    rows = [{"id_no": number(1), "month": "2026-01", "gross_wage": "100"}]
    feeds.ingest(service, drop(home, "wages", rows))
    again = [{"id_no": f" {number(1).lower()} ", "month": "202601", "gross_wage": "120"}]
    assert feeds.ingest(service, drop(home, "wages", again, day=LATER)).superseded == 1
    assert [fact["gross_wage"] for fact in facts(service, "wages")] == [Decimal("120.00")]


def test_a_withdrawal_needs_the_keys_alone(service: Service, home: Path) -> None:
    feeds.ingest(service, drop(home, "medical_settlements", settlements(4)))
    keys = "结算编号,个人自付\nS00000001,\nS00000002,nonsense\nS99999999,\n"
    receipt = feeds.ingest(service, drop(home, "medical_settlements", keys, day=LATER, mode="withdraw"))
    assert (receipt.status, receipt.gone, receipt.facts) == ("committed", 2, 0)
    assert "nothing_to_withdraw" in codes(receipt.problems)
    assert len(facts(service, "medical_settlements")) == 2


def test_a_fact_withdrawn_may_be_delivered_again(service: Service, home: Path) -> None:
    rows = settlements(2)
    feeds.ingest(service, drop(home, "medical_settlements", rows))
    feeds.ingest(service, drop(home, "medical_settlements", rows[:1], day=LATER, mode="withdraw"))
    again = drop(home, "medical_settlements", settlements(1, self_pay="7"), day=LATER, ending="again.csv")
    assert feeds.ingest(service, again).superseded == 0
    assert self_pay(service) == [Decimal(7), Decimal("41.50")]


def test_a_full_delivery_replaces_everything_before_it(service: Service, home: Path) -> None:
    header = "plate_no,id_no,kind,use,registered_on,status"
    lines = [f"皖B{at:05d},{number(at)},car,private,2020-01-01,active" for at in range(3)]
    feeds.ingest(service, drop(home, "vehicles", "\n".join([header, *lines, ""])))
    receipt = feeds.ingest(service, drop(home, "vehicles", "\n".join([header, *lines[:1], ""]), day=LATER))
    assert (receipt.mode, receipt.status) == ("full", "committed")
    assert len(facts(service, "vehicles")) == 1


@pytest.mark.parametrize("day", [DAY, LATER])
def test_the_same_file_again_changes_nothing(service: Service, home: Path, day: date) -> None:
    first = feeds.ingest(service, drop(home, "medical_settlements", settlements(5)))
    before = held_and_committed(service)
    for ending in ("csv", "copy.csv", "third.csv"):
        again = feeds.ingest(service, drop(home, "medical_settlements", settlements(5), day=day, ending=ending))
        assert (again.status, again.delivery_id) == ("duplicate", first.delivery_id)
    assert held_and_committed(service) == before
    assert len(facts(service, "medical_settlements")) == 5


def test_an_unchanged_full_list_is_meant_anew_only_if_its_manifest_says_the_day(service: Service, home: Path) -> None:
    content = f"house_no,id_no,level,only_home\nF1,{number(1)},D,1\n"
    feeds.ingest(service, drop(home, "housing_safety", content))
    silent = feeds.ingest(service, drop(home, "housing_safety", content, day=LATER))
    stated = feeds.ingest(service, drop(home, "housing_safety", content, day=LATER, received_on=LATER))
    assert (silent.status, stated.status, stated.known_on) == ("duplicate", "committed", LATER)


def test_a_file_older_than_the_newest_of_its_feed_is_refused_unless_forced_with_a_reason(
    service: Service, home: Path
) -> None:
    feeds.ingest(service, drop(home, "medical_settlements", settlements(2), day=LATER))
    old = drop(home, "medical_settlements", settlements(2, start=5), day=DAY)
    refused = feeds.ingest(service, old)
    assert refused.status == "refused"
    assert "older than the newest" in refused.problems[0].en
    with pytest.raises(Invalid):
        feeds.ingest(service, old, force=" ")
    forced = feeds.ingest(service, old, force="the agency found a forgotten file")
    assert (forced.status, forced.received_on, forced.known_on) == ("committed", DAY, LATER)


def test_a_refused_file_is_recorded_once_however_often_it_comes(service: Service, home: Path) -> None:
    bad = drop(home, "medical_settlements", "甲,乙\n1,2\n")
    assert feeds.ingest(service, bad).delivery_id == feeds.ingest(service, bad).delivery_id


def test_manifest_and_caller_may_not_contradict_each_other(service: Service, home: Path) -> None:
    path = drop(home, "medical_settlements", settlements(2), feed="wages")
    assert "contradicts" in feeds.ingest(service, path).problems[0].en
    path = drop(home, "medical_settlements", settlements(2), received_on=DAY, mode="append")
    assert "contradicts" in feeds.ingest(service, path, received_on=LATER).problems[0].en
    assert "contradicts" in feeds.ingest(service, path, mode="withdraw").problems[0].en
    assert feeds.ingest(service, path).status == "committed"


def test_a_manifest_with_another_number_of_rows_refuses_the_file(service: Service, home: Path) -> None:
    receipt = feeds.ingest(service, drop(home, "medical_settlements", settlements(4), rows=5))
    assert receipt.status == "refused"
    assert "states 5 rows, the file has 4" in receipt.problems[0].en


def test_an_unknown_feed_or_mode_is_refused_by_name(service: Service, home: Path) -> None:
    path = drop(home, "medical_settlements", settlements(1))
    assert "does not exist" in feeds.ingest(service, path, feed="medical").problems[0].en
    assert "mode must be" in feeds.ingest(service, path, mode="replace").problems[0].en


def test_row_faults_come_out_as_a_list_while_good_rows_proceed(service: Service, home: Path) -> None:
    rows = [dict(row) for row in settlements(6)]
    rows[1]["settled_on"], rows[2]["self_pay"], rows[3]["kind"] = "20260230", "=cmd()", ""
    receipt = feeds.ingest(service, drop(home, "medical_settlements", rows))
    assert (receipt.status, receipt.good, receipt.errors, receipt.facts) == ("committed", 3, 3, 3)
    path = feeds.error_rows(service, receipt.delivery_id)
    assert path is not None
    listed = path.read_text("utf-8-sig").splitlines()[1:]
    assert [line.split(",")[:3] for line in listed] == [
        ["3", "结算日期 settled_on", "date_impossible"],
        ["4", "个人自付 self_pay", "money"],
        ["5", "医疗类别 kind", "missing"],
    ]
    assert listed[1].endswith(",'=AAA()")


def test_a_delivery_without_row_faults_has_no_list(service: Service, home: Path) -> None:
    receipt = feeds.ingest(service, drop(home, "medical_settlements", settlements(2)))
    assert feeds.error_rows(service, receipt.delivery_id) is None


def test_damaged_and_lost_numbers_are_row_faults_and_strangers_are_counted(service: Service, home: Path) -> None:
    damaged = number(3)[:-1] + ("0" if number(3)[-1] != "0" else "1")
    rows = settlements(5)
    for row, written in zip(rows, ["3.4e+17", damaged, "", number(700), "无"], strict=True):
        row["id_no"] = written  # type: ignore[index]
        row["name"] = "路人"  # type: ignore[index]
    receipt = feeds.ingest(service, drop(home, "medical_settlements", [*rows, *settlements(9, start=20)]))
    assert (receipt.errors, receipt.unmatched, receipt.facts) == (4, 1, 9)
    assert {"precision_lost", "id_damaged", "missing", "id_invalid"} <= set(codes(receipt.problems))


def test_a_number_with_one_slip_is_repaired_on_an_equal_name_and_the_link_keeps_why(
    service: Service, home: Path
) -> None:
    good = number(3)
    slipped = good[:16] + good[17] + good[16]
    if slipped == good or slipped[17] == "X":
        slipped = good[:15] + str((int(good[15]) + 1) % 10) + good[16:]
    row = settlements(1, id_no=slipped, name=name(3))
    receipt = feeds.ingest(service, drop(home, "medical_settlements", [*row, *settlements(3, start=20)]))
    assert (receipt.repaired, receipt.errors, receipt.facts) == (1, 0, 4)
    with database.reading(service.engine) as session:
        link = session.scalars(select(Link)).one()
    keyed = {fact["fact_key"]: fact for fact in facts(service, "medical_settlements")}
    assert keyed[link.fact_key]["person_key"] == link.person_id
    assert (link.row_no, link.how, link.evidence["birth"]) == (2, "repaired", "number")


def test_numbers_of_order_grow_over_all_feeds_and_every_commit_is_on_record(service: Service, home: Path) -> None:
    feeds.ingest(service, drop(home, "medical_settlements", settlements(2)))
    feeds.ingest(service, drop(home, "wages", [{"id_no": number(1), "month": "2026-01", "gross_wage": "1"}]))
    with database.reading(service.engine) as session:
        assert session.scalars(select(Delivery.seq).order_by(Delivery.seq)).all() == [1, 2, 3]
        actions = session.scalars(select(AuditEntry.action)).all()
    assert actions == ["delivery.committed"] * 3


def test_what_broke_off_before_its_commit_is_removed_and_its_number_used_again(service: Service, home: Path) -> None:
    orphan = service.lake / "medical_settlements" / "2.parquet"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"half")
    (service.lake / "wages").mkdir()
    (service.lake / "wages" / "2.gone.parquet").write_bytes(b"half")
    drop(home, "medical_settlements", settlements(2))
    receipts = feeds.ingest_folder(service, home)
    assert [receipt.status for receipt in receipts] == ["duplicate", "committed"]
    assert len(facts(service, "medical_settlements")) == 2
    assert not (service.lake / "wages" / "2.gone.parquet").exists()


def test_a_commit_that_fails_leaves_no_file_and_no_delivery(
    service: Service, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("monitor.audit.record", fails)
    with pytest.raises(OSError, match="disk is full"):
        feeds.ingest(service, drop(home, "medical_settlements", settlements(2)))
    monkeypatch.undo()
    assert list(service.lake.glob("medical_settlements/*")) == []
    assert feeds.ingest(service, drop(home, "medical_settlements", settlements(2))).status == "committed"


def test_a_folder_is_read_by_days_with_the_register_first_and_no_bad_file_stops_it(
    service: Service, tmp_path: Path
) -> None:
    drop(tmp_path, "medical_settlements", settlements(2, start=5), day=LATER)
    drop(tmp_path, "deaths", b"\xff\xff\xff\xff", day=DAY)
    drop(tmp_path, "medical_settlements", settlements(2), day=DAY)
    drop(tmp_path, "household_register", people(20), day=DAY)
    drop(tmp_path, "wages", "half", day=DAY, ending="csv.part")
    (tmp_path / "notes").mkdir()
    told: list[tuple[int, int]] = []
    receipts = feeds.ingest_folder(service, tmp_path, progress=lambda done, total, _: told.append((done, total)))
    assert [(receipt.feed, receipt.status) for receipt in receipts] == [
        ("household_register", "committed"),
        ("deaths", "refused"),
        ("medical_settlements", "committed"),
        ("medical_settlements", "committed"),
    ]
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    again = feeds.ingest_folder(service, tmp_path)
    assert [receipt.status for receipt in again] == ["duplicate", "refused", "duplicate", "duplicate"]


def test_contradicting_agencies_are_both_kept(service: Service, home: Path) -> None:
    """Dead by one, paid wages by another: a rule resolves that, ingest does not."""
    feeds.ingest(service, drop(home, "deaths", [{"id_no": number(1), "died_on": "2026-01-10"}]))
    feeds.ingest(service, drop(home, "wages", [{"id_no": number(1), "month": "2026-02", "gross_wage": "3000"}]))
    assert len(facts(service, "deaths")) == len(facts(service, "wages")) == 1


def test_the_overview_tells_freshness_coverage_and_what_waits(service: Service, home: Path) -> None:
    rows = [*settlements(3), *settlements(1, start=9, id_no=number(900))]
    feeds.ingest(service, drop(home, "medical_settlements", rows))
    feeds.ingest(service, drop(home, "deaths", "id_no,died_on\n"))
    pages = feeds.agreed_pages()
    with database.reading(service.engine) as session:
        states = {state.feed: state for state in feeds.overview(session, pages, DAY + timedelta(days=45))}
        stale = {state.feed: state for state in feeds.overview(session, pages, DAY + timedelta(days=46))}
    medical = states["medical_settlements"]
    assert (medical.days, medical.fresh, medical.matched, medical.facts) == (45, True, 0.75, 3)
    assert not stale["medical_settlements"].fresh
    assert states["pensions"].never
    assert [why.en for why in states["deaths"].held[0].why] == ["the file has no rows"]
    assert len(states) == 31


def test_a_file_that_breaks_the_service_does_not_keep_the_others_out(service: Service, tmp_path: Path) -> None:
    drop(tmp_path, "household_register", people(4), day=DAY)
    drop(tmp_path, "medical_settlements", settlements(4, of=4), day=DAY)
    drop(tmp_path, "deaths", [{"id_no": number(1), "name": name(1), "died_on": "2026-03-01"}], day=DAY)
    service.lake.mkdir(parents=True)
    (service.lake / "deaths").write_text("a file where the lake wants a folder")
    receipts = {receipt.feed: receipt for receipt in feeds.ingest_folder(service, tmp_path)}
    assert {feed: receipt.status for feed, receipt in receipts.items()} == {
        "household_register": "committed", "deaths": "refused", "medical_settlements": "committed",
    }  # fmt: skip
    assert number(1) not in str(receipts["deaths"].problems)
