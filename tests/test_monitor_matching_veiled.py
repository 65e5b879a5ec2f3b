"""Codes in people's stead: what is found and weighed is the same as by names in the clear, and nothing can be read."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from drops import DAY, drop, name, people
from sqlalchemy import select
from sqlalchemy.orm import Session
from test_monitor_matching_evidence import COUNTY, settle
from test_monitor_matching_weighing import side

from monitor import database, feeds
from monitor.matching import chance, evidence, suggesting, veiled
from monitor.matching.evidence import Register
from monitor.matching.veiled import Heard, Veiled
from monitor.privacy import Keyring
from monitor.service import Service
from monitor.tables import Person, Proposal


def veil(records: pa.Table, *, said: int = 1) -> Veiled:
    people = np.arange(len(records))
    names, phones = (records[column].combine_chunks() for column in ("name", "phone"))
    return veiled.veil(people, np.full(len(people), said), names, phones)


@pytest.fixture(params=[0.0, 0.3])
def readable(request: pytest.FixtureRequest) -> pa.Table:
    return side(700, np.random.default_rng(4), empty=request.param, birth=False)


def coded(records: pa.Table) -> pa.Table:
    return veiled.records(records)


def test_two_codes_are_equal_where_the_values_are_and_nowhere_else(readable: pa.Table) -> None:
    codes = veil(readable).columns()
    for column in veiled.COLUMNS:
        pairs = set(zip(readable[column].to_pylist(), codes[column].to_pylist(), strict=True))
        assert len(pairs) == len({value for value, _ in pairs}) == len({code for _, code in pairs})
        assert readable[column].null_count == codes[column].null_count
        assert coded(readable)[column].to_pylist() == codes[column].to_pylist()


def test_no_name_or_phone_or_sound_can_be_read_in_what_is_kept(readable: pa.Table) -> None:
    kept = veil(readable)
    held = b"".join(column.tobytes() for column in kept)
    for said in (readable["name"], readable["phone"]):
        texts = set(said.drop_null().to_pylist())
        assert [text for text in texts if text.encode() in held or text.encode("utf-32-le") in held] == []
    assert not set(kept.sound.tolist()) & set(readable["sound"].drop_null().to_pylist())
    assert not set(kept.family.tolist()) & set(readable["family"].drop_null().to_pylist())


def test_chance_counted_of_codes_a_stretch_at_a_time_is_that_of_people_in_the_clear(
    readable: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, kept = chance.count(readable), veil(readable)
    monkeypatch.setattr(chance, "_READ_AT_ONCE", 90)
    assert chance.count(coded(readable), kept.spelt) == whole == chance.count(readable)


def test_a_list_compared_with_codes_gives_the_very_pairs_of_people_in_the_clear(readable: pa.Table) -> None:
    asked, read = side(60, np.random.default_rng(5), empty=0.1, birth=False), []

    def of(places: evidence.Places) -> pa.Table:
        read.extend(places.tolist())
        return readable.take(pa.array(places))

    found = evidence.compare_with(asked, Register(coded(readable), coded, of), chance.count(readable), at_least=0.001)
    assert found.table.equals(evidence.compare(asked, readable, at_least=0.001).table)
    assert set(found.table["right"].to_pylist()) <= set(read) < set(range(len(readable)))
    assert len(found.table) > 20


def test_the_last_word_on_somebody_holds_and_whom_something_else_is_said_of_is_nobody_known(readable: pa.Table) -> None:
    heard, later = Heard(), veil(readable.slice(5, 10), said=2)
    heard.learn([veil(readable), later._replace(people=later.people + 5)])
    everybody = np.arange(len(readable))
    known = heard.all.places(everybody, np.full(len(readable), 2))
    assert np.flatnonzero(known >= 0).tolist() == list(range(5, 15))
    assert heard.all.name.tolist() == veil(readable).name.tolist()
    assert (heard.all.places(everybody, np.zeros(len(readable), np.int64)) == -1).all()


def test_only_whom_nobody_has_heard_of_is_decrypted(session: Session, service: Service) -> None:
    keys = [settle(session, service, name(at), f"1390000000{at}", home=at) for at in range(1, 6)]
    for key in keys:
        session.get_one(Person, key).said = key
    session.flush()
    heard, other = Heard(), Keyring(bytes(32))
    first = suggesting.registered(session, service.keyring, COUNTY, heard)
    again = suggesting.registered(session, other, COUNTY, heard)
    assert again.records.equals(first.records)
    changed = session.get_one(Person, keys[2])
    changed.said, changed.name = 99, service.keyring.encrypt(name(1), about="people.name")
    session.flush()
    with pytest.raises(Exception, match="cannot decrypt"):
        suggesting.registered(session, other, COUNTY, heard)
    now = suggesting.registered(session, service.keyring, COUNTY, heard).records["name"].to_pylist()
    assert (now[2], now[0]) == (now[0], first.records["name"][0].as_py())


def proposals(service: Service) -> list[object]:
    with database.reading(service.engine) as session:
        listed = list(session.scalars(select(Proposal).order_by(Proposal.row_no)))
        return [one.candidates for one in listed]


def test_a_run_that_heard_the_register_itself_suggests_whom_one_that_reads_it_anew_does(
    service: Service, tmp_path: Path
) -> None:
    register = [{**row, "phone": f"1390000{at:04d}"} for at, row in enumerate(people(300))]
    changed = [{**row, "name": name(7)} if at == 3 else row for at, row in enumerate(register)]
    rows = [
        {"ticket_no": f"T{at}", "name": name(at), "phone": f"1390000{phone:04d}", "address": "某街道某号",
         "region": "340202001001", "created_on": "2026-03-03", "kind": "assistance", "status": "open"}
        for at, phone in ((2, 2), (7, 3), (3, 3), (8, 9))
    ]  # fmt: skip
    drop(tmp_path, "household_register", register, day=DAY)
    drop(tmp_path, "household_register", changed, day=DAY.replace(day=DAY.day + 1))
    drop(tmp_path, "hotline_tickets", rows, day=DAY.replace(day=DAY.day + 1))
    together = feeds.ingest_folder(service, tmp_path)
    assert [one.status for one in together] == ["committed"] * 3
    heard = proposals(service)
    with database.transaction(service.engine) as session:
        for one in session.scalars(select(Proposal)):
            session.delete(one)
    again = [{**row, "ticket_no": f"{row['ticket_no']}-2"} for row in rows]
    feeds.ingest(service, drop(tmp_path, "hotline_tickets", again, day=DAY.replace(day=DAY.day + 2)))
    assert proposals(service) == heard
    assert [len(candidates) > 0 for candidates in heard][:2] == [True, True]
