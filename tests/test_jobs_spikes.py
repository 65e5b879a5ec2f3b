"""A night whose rules fire far more often than they did stands still until a person has looked, and then goes on."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from installed import receive, small_pack
from oracle import Delivery
from sqlalchemy import func, select
from test_jobs_scan import APRIL, MARCH, nobody_died, registered

from jobs import spikes
from jobs.scan import scan
from monitor import database, runs
from monitor.errors import Held
from monitor.service import Service
from monitor.tables import Alert, AuditEntry, Run, Scan, utc_now

ELDERS = 104
FIRING = ELDERS - 1  # one of them is known to have died


@pytest.fixture(scope="session")
def elders_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_pack(tmp_path_factory.mktemp("elders"), ("lone_elder",))


@pytest.fixture
def town(service: Service, elders_pack: Path) -> Service:
    """A hundred and four households of one old person each."""
    installed = replace(service, pack=elders_pack)
    register: Delivery = registered(*["1930-05-05"] * ELDERS)
    receive(installed, [register, nobody_died(MARCH)])
    return installed


def nights(service: Service, fires: list[int], *, rule: str = "lone_elder") -> None:
    """Nights that came to their end before April, the rule firing so often in each."""
    with database.transaction(service.engine) as session:
        for before, count in enumerate(fires):
            as_of = APRIL - timedelta(days=len(fires) - before)
            counts = {"raised": 1, "by_rule": {rule: {"fires": count, "unknown": 0}}}
            session.add(Scan(as_of=as_of, policy_version="p" * 64, manifest=f"m{before}", counts=counts,
                             run_id=_run(session, as_of), finished_at=utc_now()))  # fmt: skip


def _run(session: database.Session, as_of: date) -> uuid.UUID:
    run = Run(job="scan", as_of=as_of, status="done", scope="", attempt=1, fence=1)
    session.add(run)
    session.flush()
    return run.id


def raised(service: Service) -> int:
    with database.reading(service.engine) as session:
        return session.scalar(select(func.count()).select_from(Alert)) or 0


def newest(service: Service) -> Run:
    with database.reading(service.engine) as session:
        return session.scalars(select(Run).where(Run.as_of == APRIL)).one()


def test_a_rule_that_fires_far_more_than_usual_holds_the_night_before_anything_is_raised(town: Service) -> None:
    nights(town, [3, 2, 3, 4, 3, 3, 2])
    with pytest.raises(Held, match="lone_elder 命中 103 户，平常 3 户"):
        scan(town, APRIL)
    held = newest(town)
    assert (held.status, raised(town)) == ("held", 0)
    assert "lone_elder fires for 103, usually for 3" in str(held.problem)

    with database.transaction(town.engine) as session:
        runs.release(session, held.id, by="supervisor")
    assert scan(town, APRIL).counts["raised"] == FIRING
    assert (newest(town).status, raised(town)) == ("done", FIRING)
    with database.reading(town.engine) as session:
        assert session.scalars(select(AuditEntry.by).where(AuditEntry.action == "run.released")).one() == "supervisor"


@pytest.mark.parametrize(
    ("before", "why"),
    [([3] * 6, "six nights are no history"), ([35] * 7, "not three times"), ([4] * 7, "not a hundred more")],
)
def test_a_night_that_is_not_far_off_or_has_no_history_goes_through(
    sqlite_service: Service, elders_pack: Path, before: list[int], why: str
) -> None:
    installed = replace(sqlite_service, pack=elders_pack)
    receive(installed, [registered(*["1930-05-05"] * ELDERS), nobody_died(MARCH)])
    nights(installed, before)
    assert scan(installed, APRIL).counts["raised"] == FIRING, why


Fired = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 900))


@given(usual=Fired, now=Fired)
def test_only_rules_that_fire_both_three_times_and_a_hundred_more_hold_a_night(
    usual: Mapping[str, int], now: Mapping[str, int]
) -> None:
    off = {rule for rule, count in now.items() if count >= max(3 * usual.get(rule, 0), usual.get(rule, 0) + 100)}
    hits = {rule: {"fires": count, "unknown": 0} for rule, count in now.items()}
    try:
        spikes.Guard(usual).look(hits)
        held = ""
    except Held as said:
        held = said.zh
    assert {rule for rule in now if f"{rule} 命中 " in held} == off
    spikes.Guard().look(hits)
