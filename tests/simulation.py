"""The seeded world: hundreds of nights in one process, by a clock that is set, with crashes and a second worker.

``python -m simulation --nights 1000 --seed 1`` runs worlds of sixty nights with the seeds 1, 2, 3 ...; a failure
names the seed of its world, and ``--nights 60 --seed`` that seed replays it, bit for bit.
"""

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import oracle
from drops import drop
from empty import empty
from installed import small_pack
from simulated_agencies import Sent, Town, written
from sqlalchemy import event, select
from torture_state import difference, faults, say, told

from jobs import scan as scanning
from monitor import database, feeds
from monitor.errors import Refused
from monitor.service import Service, open_service
from monitor.tables import Alert, Delivery, Household, Reason, Run

FIRST, LENGTH = date(2025, 1, 6), 60
RULES = ("costly_admission", "lone_elder", "medical_self_pay")
LEASE = 3600.0
MEMORY = "/dev/shm"  # noqa: S108 - a folder of chance name is made in it
Verdicts = dict[tuple[str, str], str]


class Broken(Exception):
    """An invariant does not hold."""


class Crash(BaseException):
    """The process is gone: nothing of it runs any more, not even what cleans up."""


@dataclass
class Machine:
    """A process that may die at any statement, and in whose pauses another may run; its database's clock is set."""

    service: Service
    now: float = 1.7e9
    dies_in: int | None = None
    pauses_in: int | None = None
    meanwhile: Callable[[], None] | None = None
    out: int = 0

    def __post_init__(self) -> None:
        engine = self.service.engine
        event.listen(engine, "before_cursor_execute", lambda *_: self._statement())
        event.listen(engine, "commit", lambda _: self._statement())
        event.listen(engine, "connect", self._set_clock)
        event.listen(engine, "checkout", self._taken)
        event.listen(engine, "checkin", self._given_back)
        engine.dispose()

    def revive(self) -> None:
        """Start anew, with nothing left of what was open."""
        self.dies_in = self.pauses_in = None
        self.service.engine.dispose()
        self.out = 0

    def _set_clock(self, connection: Any, _record: Any) -> None:
        connection.create_function("julianday", -1, lambda *_: 2440587.5 + self.now / 86400.0)

    def _statement(self) -> None:
        if self.dies_in is not None:
            self.dies_in -= 1
            if self.dies_in <= 0:
                raise Crash

    def _taken(self, *_: Any) -> None:
        self.out += 1

    def _given_back(self, *_: Any) -> None:
        """Between two transactions, when nothing is held, another worker may have its turn."""
        self.out -= 1
        if self.pauses_in is None or self.out > 0 or self.meanwhile is None:
            return
        self.pauses_in -= 1
        if self.pauses_in <= 0:
            self.pauses_in = None
            self.meanwhile()


@dataclass
class World:
    """One town and its service, night after night; equal seeds live equal lives."""

    seed: int
    root: Path
    rough: bool = True
    did: Counter[str] = field(default_factory=Counter)
    known: list[oracle.Delivery] = field(default_factory=list)
    counted: set[UUID] = field(default_factory=set)
    before: Verdicts = field(default_factory=dict)
    diary: Any = field(default_factory=hashlib.sha256)
    today: date = FIRST

    def __post_init__(self) -> None:
        self.town = Town(Random(f"town {self.seed}"), FIRST)
        self.fate = Random(f"fate {self.seed}")
        pack = self.root / "pack"
        if not pack.exists():
            small_pack(pack, RULES)
        home = self.root / f"world{self.seed}{'' if self.rough else '_calm'}"
        # No heartbeat falls within a night's real seconds: it would come at another statement every time.
        settings = empty(home, LOWINCOME_THREADS="1", LOWINCOME_LEASE_SECONDS=str(LEASE))
        first, second = (replace(open_service(settings), pack=pack) for _ in range(2))
        self.one, self.other = Machine(first), Machine(second)
        self.one.meanwhile = self._second_worker

    def live(self, nights: int) -> str:
        """Live so many nights and return the diary's digest; raises ``Broken`` where an invariant does not hold."""
        for number in range(nights):
            self._night(first=number == 0)
        with database.reading(self.one.service.engine) as session:
            dates = set(session.scalars(select(Run.as_of).where(Run.job == "scan")))
        if len(dates) != nights:
            raise Broken(f"the ledger accounts for {len(dates)} of {nights} dates")
        self._write(sorted(told(self.one.service.engine).items()))
        return str(self.diary.hexdigest())

    def close(self) -> None:
        """Leave nothing behind."""
        for machine in (self.one, self.other):
            machine.service.engine.dispose()
        shutil.rmtree(self.one.service.settings.home)

    def _night(self, *, first: bool) -> None:
        arrived = list(self.town.night(self.today, first=first))
        for sent in arrived:
            self._receive(sent)
        self._until_done(self._scan, beside=True)
        self._hold_invariants()
        self._write([str(self.today), [sent.stem for sent in arrived], len(self.known), sorted(self.before.items())])
        step = 1 if self.town.chance.random() < 0.97 else self.town.chance.randint(2, 50)
        self.today += timedelta(days=step)
        self._set_clock(86_400.0 * step + self.fate.choice((0, 0, -7200, 3600, 300)))

    def _receive(self, sent: Sent) -> None:
        whole = hashlib.sha256(written(sent.rows)).hexdigest()
        said = {"feed": sent.feed, "mode": sent.mode} | ({} if sent.empty else {"sha256": whole})
        path = drop(self.root / f"in{self.seed}", sent.stem, sent.content, day=self.today, **said)
        receipt = self._until_done(lambda: feeds.ingest(self.one.service, path))
        shutil.rmtree(path.parent)
        self.did[f"delivery {receipt.status}"] += 1
        if self._newly_committed(receipt.delivery_id):
            if not sent.whole:
                raise Broken(f"{sent.stem} was cut off or emptied, and taken in all the same")
            self.known.append(oracle.Delivery(sent.feed, self.today, sent.mode, list(sent.rows)))

    def _newly_committed(self, delivery: UUID) -> bool:
        """Whether it stands now and was not counted: who crashed after the commit hears of a duplicate."""
        with database.reading(self.one.service.engine) as session:
            row = session.get(Delivery, delivery)
            new = row is not None and row.status == "committed" and delivery not in self.counted
        if new:
            self.counted.add(delivery)
        return new

    def _scan(self) -> None:
        scanning.scan(self.one.service, self.today)

    def _until_done(self, work: Callable[[], Any], *, beside: bool = False) -> Any:
        """Try until it is done; the machine may crash, and be overtaken, on the way."""
        for _ in range(20):
            if self.rough:
                self.one.dies_in = self.fate.randint(1, 80) if self.fate.random() < 0.3 else None
                self.one.pauses_in = self.fate.randint(1, 20) if beside and self.fate.random() < 0.4 else None
            try:
                return work()
            except Crash:
                self.did["crash"] += 1
            except Refused as refusal:
                self.did[type(refusal).__name__] += 1
                self._set_clock(2 * LEASE)
            except Exception as error:
                if type(error).__name__ != "Fenced":
                    raise
                self.did["fenced"] += 1
            finally:
                self.one.revive()
        raise Broken("it is never done")

    def _second_worker(self) -> None:
        """Another worker comes by: beside a live run it must be refused, after a long silence it takes over."""
        if self.fate.random() < 0.5:
            self._set_clock(2 * LEASE)
        try:
            scanning.scan(self.other.service, self.today)
            self.did["second worker did it"] += 1
        except Refused:
            self.did["second worker refused"] += 1

    def _set_clock(self, seconds: float) -> None:
        for machine in (self.one, self.other):
            machine.now += seconds

    def _hold_invariants(self) -> None:
        self._judge_all()
        found = faults(self.one.service.engine)
        if found:
            raise Broken("; ".join(found))

    def _stored(self) -> Verdicts:
        """The newest word on each household and rule, as the alerts have it."""
        asked = (
            select(Household.household_no, Reason.rule, Reason.status)
            .join(Alert, Alert.household_id == Household.id)
            .join(Reason, Reason.alert_id == Alert.id)
            .order_by(Alert.episode)
        )
        with database.reading(self.one.service.engine) as session:
            return {(home, rule): status for home, rule, status in session.execute(asked)}

    def _judge_all(self) -> None:
        """Each household and rule against the oracle: nothing missed, nothing made up, nothing cleared unseen."""
        city, now = oracle.City(self.known, self.today), self._stored()
        homes = {home for home, _ in now} | set(city.households)
        for home in sorted(homes):
            for rule in RULES:
                members = city.households.get(home)
                verdict = getattr(city, rule)(members) if members else None
                was, is_ = self.before.get((home, rule)), now.get((home, rule))
                if is_ not in allowed(verdict, was):
                    raise Broken(f"{self.today} {home} {rule}: judged {verdict}, was {was}, is {is_}")
        self.before = now

    def _write(self, said: Any) -> None:
        self.diary.update(repr(said).encode())


def allowed(verdict: bool | None, was: str | None) -> tuple[str | None, ...]:
    """What a reason may be tonight: only what is seen to be silent may end, and what cannot be seen stays unknown."""
    if verdict is True:
        return ("active",)
    if verdict is None:
        return ("unknown",) if was in ("active", "unknown") else (was,)
    return ("cleared", "annulled") if was in ("active", "unknown") else (was,)


def live(seed: int, nights: int, root: Path) -> Counter[str]:
    """Live one world; every eighth is lived again in peace, and its last day must be the same."""
    world = World(seed, root)
    try:
        digest = world.live(nights)
        if seed % 8 == 0:
            _as_in_peace(world, nights)
        world.did["nights"] = nights
        say(seed=seed, digest=digest[:16], **world.did)
        return world.did
    finally:
        world.close()


def _as_in_peace(world: World, nights: int) -> None:
    calm = World(world.seed, world.root, rough=False)
    try:
        calm.live(nights)
        different = difference(told(calm.one.service.engine), told(world.one.service.engine))
        if different:
            raise Broken("not as in peace: " + "; ".join(different))
    finally:
        calm.close()


def main() -> int:
    """Live as many nights as asked; 0 when every invariant held, 1 with the seed of the first world that broke one."""
    parser = argparse.ArgumentParser(prog="lowincome simulate", description=__doc__)
    parser.add_argument("--nights", type=int, default=LENGTH)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began, did, left, seed = time.monotonic(), Counter[str](), asked.nights, asked.seed
    root = Path(tempfile.mkdtemp(prefix="lowincome-world-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    try:
        while left > 0:
            did.update(live(seed, min(left, LENGTH), root))
            left, seed = left - LENGTH, seed + 1
    except Broken as broken:
        say(broken=str(broken), seed=seed, replay=f"lowincome simulate --nights {min(left, LENGTH)} --seed {seed}")
        return 1
    finally:
        shutil.rmtree(root, ignore_errors=True)
    took = time.monotonic() - began
    say(did=dict(did), seconds=round(took, 1), nights_per_second=round(did["nights"] / took, 1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
