"""The made-up city that the console is tried on: taken in and scanned once for a whole run, then only copied.

One township of it is as busy as a real one. It stands twice: before last night's scan and after it, so that a failed
night can be shown as it is found in the morning.
"""

import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import postgres
import pyotp
from sqlalchemy import Engine, create_engine, func, insert, select, text
from sqlalchemy.orm import Session

from jobs import catalogue, city
from jobs.scan import scan
from monitor import access, database, feeds, migrations, policy, regions
from monitor.access import Viewer, accounts, second_factor, signing_in
from monitor.access.accounts import Appointment
from monitor.service import Service, open_service, today
from monitor.settings import Settings, read
from monitor.tables import Credential, Household, Region, Table, Worker, utc_now

HOUSEHOLDS, MONTHS, SEED, CROWDED = 500, 6, 7, 0.75
PASSWORD = "Shui-Ye-Budao-1"  # noqa: S105 - of people who do not exist
TOWN, OTHER_TOWN, COUNTY, CITY = "340202001", "340202002", "340202", "3402"
NOBODY_THERE = ""
BEFORE, AFTER = "before", "after"
FILE = "lowincome.db"


@dataclass(frozen=True)
class Person:
    """Somebody who signs in: in what role, where, and of a department's clerk, whose."""

    login: str
    name: str
    role: str
    region: str
    department: str | None = None


PEOPLE = {
    "caseworker": Person("lin", "林晓", "caseworker", TOWN),
    "colleague": Person("huang", "黄敏", "caseworker", TOWN),
    "stranger": Person("zhou", "周宁", "caseworker", OTHER_TOWN),
    "assistant": Person("fang", "方圆", "assistant", TOWN),
    "reviewer": Person("he", "何平", "reviewer", COUNTY),
    "second_reviewer": Person("tan", "谭静", "reviewer", COUNTY),
    "supervisor": Person("gao", "高远", "supervisor", CITY),
    "second_supervisor": Person("luo", "罗兰", "supervisor", CITY),
    "administrator": Person("shi", "石磊", "administrator", access.NATION),
    "security": Person("an", "安然", "security", access.NATION),
    "auditor": Person("shen", "沈清", "auditor", access.NATION),
    "newcomer": Person("xin", "辛来", "caseworker", NOBODY_THERE),
    "department": Person("ren", "任社", "department", COUNTY, "human_resources"),
}


@dataclass(frozen=True)
class DemoCity:
    """Where the copies are taken from: a folder for each stage, and PostgreSQL's templates of the same names."""

    folder: Path
    socket: str | None

    def copied(self, kind: str, home: Path, *, stage: str = AFTER) -> Iterator[Settings]:
        """Yield the settings of an installation of one's own; its database is gone afterwards."""
        shutil.copytree(self.folder / stage, home, copy_function=_linked)
        settings = read({"LOWINCOME_HOME": str(home), "LOWINCOME_THREADS": "2"})
        if kind == "sqlite":
            yield settings
            return
        (home / FILE).unlink()
        assert self.socket is not None
        name = f"console_{uuid.uuid4().hex}"
        postgres.execute(self.socket, f"CREATE DATABASE {name} TEMPLATE console_{stage}")
        yield replace(settings, database_url=f"postgresql+psycopg://postgres@/{name}?host={self.socket}")
        postgres.execute(self.socket, f"DROP DATABASE {name} WITH (FORCE)")


def _linked(source: str, target: str) -> None:
    """What is committed never changes and is shared; the database is written to and is a file of one's own."""
    if Path(source).suffix in (".parquet", ".zip"):
        os.link(source, target)
    else:
        shutil.copy(source, target)  # and who may read it


def stand(folder: Path, socket: str | None) -> DemoCity:
    """Return the city, making it if nobody of this run has; ``folder`` is shared by all who run the tests at once.

    ``LOWINCOME_CONSOLE_CITY`` names a folder to keep it in from one run to the next, until the day is over.
    """
    kept = os.environ.get("LOWINCOME_CONSOLE_CITY")
    files = Path(kept) / f"{today()}-{_tables()}" if kept else folder
    files.mkdir(parents=True, exist_ok=True)
    with _alone(files / "lock"):
        if not (files / AFTER).exists():
            _make(files)
    if socket is not None:
        with _alone(folder / "postgresql-lock"):
            for stage in (BEFORE, AFTER):
                _carry_over(files / stage, socket, f"console_{stage}")
    return DemoCity(files, socket)


def _tables() -> str:
    """What the tables are known by: the revisions there are."""
    revisions = sorted(path.name for path in (Path(migrations.__file__).parent / "versions").glob("*.py"))
    return hashlib.sha256("".join(revisions).encode()).hexdigest()[:8]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(folder: Path) -> None:
    """Live the months, take them in, scan three nights; a stage stands only once it is whole."""
    home, last = folder / "made", today()
    shutil.rmtree(home, ignore_errors=True)
    service = open_service(read({"LOWINCOME_HOME": str(home), "LOWINCOME_THREADS": "2"}))
    plan = city.Plan(HOUSEHOLDS, SEED, last, months=MONTHS, formats=("csv",), crowded=CROWDED)
    made = city.generate(folder / "lived", plan, pages=policy.read_pack().feeds)
    with database.transaction(service.engine) as session:
        regions.load_regions(session, regions.read_places(made.regions))
    feeds.ingest_folder(service, made.deliveries)
    _employ(service)
    for before in (40, 1):  # some of what was found six weeks ago is overdue by now
        scan(service, last - timedelta(days=before))
    catalogue.perform(service, "remind", last - timedelta(days=1))
    _keep(service, home, folder / BEFORE)
    scan(service, last)
    for job in ("remind", "follow", "anchor"):
        catalogue.perform(service, job, last)
    _keep(service, home, folder / AFTER)
    service.engine.dispose()
    shutil.rmtree(home)
    shutil.rmtree(folder / "lived")


def _keep(service: Service, home: Path, stage: Path) -> None:
    service.engine.dispose()  # the last to leave puts everything into the database's one file
    aside = stage.with_suffix(".writing")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(home, aside, ignore=shutil.ignore_patterns("*-shm"))
    aside.rename(stage)


def _employ(service: Service) -> None:
    by, now = Viewer(uuid.uuid4(), "安全员", "security", access.NATION), utc_now()
    with database.reading(service.engine) as session:
        lived_in = set(session.scalars(select(Household.town)))
        towns = session.scalars(select(Region.code).where(Region.level == "town")).all()
    empty = next(code[:9] for code in sorted(towns, reverse=True) if code[:9] not in lived_in)
    for person in PEOPLE.values():
        with database.transaction(service.engine) as session:
            worker, invitation = accounts.open_account(
                session, person.name, login=person.login, staff_no=None, by="test"
            )
            given = Appointment(person.role, person.region or empty, "demo", person.department)
            accounts.appoint(session, worker.id, given, by=by, expected=worker.version)
        assert invitation is not None
        signing_in.accept(service, invitation, PASSWORD, login=None, now=now)
        with database.transaction(service.engine) as session:
            _give_code(session, service, worker.id)


def _give_code(session: Session, service: Service, worker: uuid.UUID) -> None:
    """The code that proves the telephone is an old one: today's are left for the tests."""
    credential, before = session.get_one(Credential, worker), utc_now() - timedelta(days=1)
    address = second_factor.propose(credential, name="demo", keyring=service.keyring)
    code = pyotp.parse_uri(address).at(before)  # type: ignore[union-attr]
    second_factor.confirm(session, credential, code, keyring=service.keyring, now=before)


def code_of(service: Service, person: Person) -> str:
    """Return what the telephone of ``person`` shows now; each code is good once."""
    with database.reading(service.engine) as session:
        chosen = select(Credential).join(Worker, Worker.id == Credential.worker_id).where(Worker.login == person.login)
        credential = session.scalars(chosen).one()
        assert credential.totp is not None
        return pyotp.TOTP(service.keyring.decrypt(credential.totp, about="credentials.totp")).now()


def _carry_over(stage: Path, socket: str, name: str) -> None:
    """Carry every row of the stage's file over to a PostgreSQL database of that name, unless it is there."""
    server = create_engine(f"postgresql+psycopg://postgres@/postgres?host={socket}", isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        there = connection.scalar(text("SELECT count(*) FROM pg_database WHERE datname = :name"), {"name": name})
    server.dispose()
    if there:
        return
    postgres.execute(socket, f"CREATE DATABASE {name}_made")
    made = database.connect(
        replace(
            read({"LOWINCOME_HOME": str(stage)}),
            database_url=f"postgresql+psycopg://postgres@/{name}_made?host={socket}",
        )
    )
    source = create_engine(f"sqlite:///{stage / FILE}")
    migrations.upgrade(made)
    _pour(source, made)
    source.dispose()
    made.dispose()
    postgres.execute(socket, f"ALTER DATABASE {name}_made RENAME TO {name}")


def _pour(source: Engine, target: Engine) -> None:
    with source.connect() as here, target.begin() as there:
        there.exec_driver_sql("SET LOCAL session_replication_role = replica")  # rows as they are, in any order
        for table in Table.metadata.sorted_tables:
            there.execute(table.delete())
            written = [column for column in table.columns if column.computed is None]
            rows: list[dict[str, Any]] = [dict(row) for row in here.execute(select(*written)).mappings()]
            if rows:
                there.execute(insert(table), rows)
            _go_on_counting(there, table)


def _go_on_counting(there: Any, table: Any) -> None:
    """A number that the database gives goes on after the last that was carried over."""
    for column in table.primary_key.columns:
        named = there.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
        if named is not None:
            highest = there.scalar(select(func.max(column)))
            there.execute(select(func.setval(named, highest or 1, highest is not None)))
