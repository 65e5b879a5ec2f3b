"""The real service in a process of its own: started from a warm one, so that each module of tests may have its own."""

import multiprocessing
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from demo_city import PEOPLE, Person, code_of
from sqlalchemy import select, update
from sqlalchemy.engine import Engine

from jobs import ledger
from monitor import database, policy
from monitor.access import Viewer, sessions
from monitor.access.sessions import Manner
from monitor.cases import Office, Visit, record
from monitor.privacy import Keyring, mask_name
from monitor.service import Service, open_service, today
from monitor.settings import Settings
from monitor.tables import Alert, Case, Household, Member, Reason, Worker, utc_now
from monitor.tables import Person as Registered
from monitor.work import taking

STARTS_WITHIN = 60.0
HOST = "127.0.0.1"
_WARM = multiprocessing.get_context("forkserver")
_WARM.set_forkserver_preload(["api.app", "uvicorn"])


@dataclass
class Served:
    """An installation of one's own, served over loopback, and what a test may ask of it behind the browser's back."""

    settings: Settings
    port: int
    log: Path
    process: BaseProcess | None = None

    @property
    def url(self) -> str:
        """Where the console is."""
        return f"http://{HOST}:{self.port}"

    @cached_property
    def behind(self) -> Service:
        """The same installation, opened in this process."""
        return open_service(self.settings)

    @property
    def engine(self) -> Engine:
        """Its database."""
        return self.behind.engine

    @property
    def keyring(self) -> Keyring:
        """Its keys."""
        return self.behind.keyring

    def start(self) -> None:
        """Serve on the same port as before, or on any free one; returns when it answers."""
        here, there = _WARM.Pipe(duplex=False)
        place = {
            "LOWINCOME_HOME": str(self.settings.home), "LOWINCOME_DATABASE_URL": self.settings.database_url,
            "LOWINCOME_KEY_FILE": str(self.settings.key_file), "LOWINCOME_THREADS": "2",
        }  # fmt: skip
        self.process = _WARM.Process(target=_serve, args=(place, self.port, str(self.log), there), daemon=True)
        self.process.start()
        there.close()
        assert here.poll(STARTS_WITHIN), self.log.read_text(encoding="utf-8")
        self.port = here.recv()
        _await(self)

    def stop(self) -> None:
        """Stop at once, as a machine that loses its power."""
        if self.process is not None:
            self.process.kill()
            self.process.join()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Let the service answer nothing while the block works; what is asked meanwhile is answered afterwards."""
        assert self.process is not None
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def fail_last_night(self) -> None:
        """Let last night's scan fail as one does: taken, at work, broken off. For modules with ``STAGE = BEFORE``."""
        lease = ledger.take(self.engine, "scan", as_of=today())
        ledger.broken_off(lease, "failed", "OSError")

    def cookie(self, person: Person) -> dict[str, Any]:
        """Return the cookie of a new session of ``person``, just proved, for a browser's context."""
        with database.transaction(self.engine) as session:
            worker = session.scalars(select(Worker).where(Worker.login == person.login)).one()
            token = sessions.begin(session, worker, Manner("password", True, b"test"), now=utc_now(), most=99)
        return {"name": "sid", "value": token, "url": self.url, "httpOnly": True, "sameSite": "Strict"}

    def end_sessions(self, who: str) -> None:
        """End every session of a person, as half an hour without a sign of life does."""
        with database.transaction(self.engine) as session:
            worker = session.scalars(select(Worker).where(Worker.login == PEOPLE[who].login)).one()
            sessions.end(session, worker.id, why="expired", now=utc_now())

    def code(self, who: str) -> str:
        """Return what somebody's telephone shows now; each code is good once."""
        return code_of(self.behind, PEOPLE[who])

    def alerts(self, *, town: str | None = None, **also: Any) -> list[Alert]:
        """Return open alerts, of one township where one is named, the most urgent first."""
        chosen = select(Alert).where(Alert.status == "open").filter_by(**also)
        if town is not None:
            chosen = chosen.where(Alert.town == town)
        with database.reading(self.engine) as session:
            found = list(session.scalars(chosen.order_by(Alert.due_on, Alert.rank.desc(), Alert.id)))
            session.expunge_all()
            return found

    def alert(self, key: uuid.UUID | str) -> Alert:
        """Return an alert as it is stored now."""
        with database.reading(self.engine) as session:
            found = session.get_one(Alert, uuid.UUID(str(key)))
            session.expunge(found)
            return found

    def give(self, keys: Sequence[str], person: Person) -> None:
        """Give alerts to somebody, as their reviewer would."""
        to = self.worker(person)
        by = Viewer(self.worker(PEOPLE["reviewer"]), "何平", "reviewer", "340202")
        for key in keys:
            with database.transaction(self.engine) as session:
                expected = session.get_one(Alert, uuid.UUID(key)).version
                taking.assign(session, uuid.UUID(key), to, by=by, on=today(), expected=expected)

    def leave(self, count: int, person: Person) -> list[Alert]:
        """Leave so many unvisited alerts of their region in somebody's hands, and nothing else."""
        found = [one for one in self.alerts(town=person.region) if one.owner_id is None][:count]
        with database.transaction(self.engine) as session:
            owner = session.scalars(select(Worker.id).where(Worker.login == person.login)).one()
            theirs = (Alert.owner_id == owner, Alert.closed_at.is_(None))
            session.execute(update(Alert).where(*theirs).values(owner_id=None, status="open"))
            keys = [one.id for one in found]
            session.execute(update(Alert).where(Alert.id.in_(keys)).values(owner_id=owner, status="assigned"))
        return found

    def case(self, town: str) -> str:
        """Return a case of a township that has not ended: one there is, or one that its caseworker's visit opens."""
        living = select(Case.id).join(Household, Household.id == Case.household_id)
        living = living.where(Household.town == town, Case.closed_at.is_(None))
        with database.reading(self.engine) as session:
            found = session.scalars(living.limit(1)).first()
        return str(found or self.confirm(self.helped(town=town)[0]))

    def helped(self, *, town: str) -> list[Alert]:
        """Return the open alerts of a township on households that should be helped and have no case."""
        with database.reading(self.engine) as session:
            living = set(session.scalars(select(Case.household_id).where(Case.closed_at.is_(None))))
            owed = set(session.scalars(select(Reason.alert_id).where(Reason.direction == "help")))
        return [one for one in self.alerts(town=town) if one.id in owed and one.household_id not in living]

    def confirm(self, alert: Alert, person: Person = PEOPLE["caseworker"]) -> uuid.UUID:
        """Let somebody's visit of today confirm that help is needed; return the household's case."""
        day, by = today(), Viewer(self.worker(person), person.name, person.role, person.region)
        office = Office(self.keyring, day, policy.load(day, known_on=day))
        with database.transaction(self.engine) as session:
            found = record(session, alert.id, Visit(uuid.uuid4(), day, "home", "confirmed"), by=by, office=office)
            assert found.follow_up.case_id is not None
            return found.follow_up.case_id

    def rename(self, alert: Alert, name: str) -> None:
        """Let the head of an alert's household be called ``name``."""
        with database.transaction(self.engine) as session:
            chosen = select(Registered).join(Member, Member.person_id == Registered.id)
            heads = chosen.where(Member.household_id == alert.household_id).order_by(Member.relation != "02", Member.id)
            session.scalars(heads).first().name = self.keyring.encrypt(name, about="people.name")  # type: ignore[union-attr]

    def change(self, key: uuid.UUID | str) -> None:
        """Let a colleague change an alert a moment ago: it is not the version that a page shows any more."""
        with database.transaction(self.engine) as session:
            session.get_one(Alert, uuid.UUID(str(key))).version += 1

    def worker(self, person: Person) -> uuid.UUID:
        """Return the account of a person."""
        with database.reading(self.engine) as session:
            return session.scalars(select(Worker.id).where(Worker.login == person.login)).one()

    @staticmethod
    def masked(name: str) -> str:
        """Return a name as it is shown."""
        return mask_name(name)

    def household_no(self, alert: Alert) -> str:
        """Return the number of the household behind an alert."""
        with database.reading(self.engine) as session:
            return session.get_one(Household, alert.household_id).household_no

    @cached_property
    def names(self) -> frozenset[str]:
        """Every full name of a person in the register: none of them may be in an address or on the console."""
        with database.reading(self.engine) as session:
            sealed = session.scalars(select(Registered.name).where(Registered.name.is_not(None))).all()
        return frozenset(self.keyring.decrypt(one, about="people.name") for one in sealed if one is not None)


def _serve(place: dict[str, str], port: int, log: str, told: Connection) -> None:
    """The child: what it says goes to ``log``, the port it got to ``told``."""
    import uvicorn

    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.stdout, sys.stderr = open(1, "w", buffering=1), open(2, "w", buffering=1)  # noqa: SIM115
    os.environ.update(place)
    config = uvicorn.Config("api.app:create", factory=True, host=HOST, port=port, log_config=None, access_log=False)
    listening = config.bind_socket()
    told.send(listening.getsockname()[1])
    told.close()
    uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def served(settings: Settings) -> Iterator[Served]:
    """Serve an installation while the block works."""
    log = settings.home / "served.log"
    log.touch()
    one = Served(settings, 0, log)
    one.start()
    try:
        yield one
    finally:
        one.stop()
        if "behind" in one.__dict__:
            one.behind.engine.dispose()


def _await(one: Served) -> None:
    """The socket listens before the application stands: a first answer says that it does."""
    import httpx

    until = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            httpx.get(f"{one.url}/healthz", timeout=STARTS_WITHIN)
            return
        except httpx.TransportError:
            said = one.log.read_text(encoding="utf-8")
            assert one.process is not None
            assert one.process.is_alive(), said
            assert time.monotonic() < until, said
            time.sleep(0.1)
