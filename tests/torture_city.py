"""The small made-up city that is tortured: made and taken in once, then copied for every story."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from zlib import crc32

import postgres
from installed import small_pack

from jobs import city
from monitor import access, database, feeds, policy
from monitor.service import Service, open_service
from monitor.settings import Settings, read

HOUSEHOLDS, SEED, MONTHS = 200, 1, 6
UNTIL = date(2026, 6, 30)
NIGHTS = (date(2026, 5, 31), date(2026, 6, 30), date(2026, 7, 1))
RULES = (
    "not_insured", "medical_self_pay", "medical_burden_ratio", "costly_admission", "lone_elder", "private_car",
    "pension_income", "disability_subsidy_gap", "medical_surge",
)  # fmt: skip


@dataclass(frozen=True)
class Base:
    """An installation that took in a city, kept as it was before its first night."""

    root: Path
    server: str | None = None

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def pack(self) -> Path:
        return self.root / "pack"

    @property
    def name(self) -> str:
        return f"base_{crc32(str(self.root).encode()):08x}"


def settings_of(home: Path, url: str | None = None) -> Settings:
    said = {"LOWINCOME_HOME": str(home), "LOWINCOME_THREADS": "1"}
    return read(said | ({"LOWINCOME_DATABASE_URL": url} if url else {}))


def make(base: Base, *, households: int = HOUSEHOLDS) -> None:
    """Make the city and take it in; on PostgreSQL into a database that serves as a template afterwards."""
    base.root.mkdir(parents=True, exist_ok=True)
    small_pack(base.pack, RULES)
    plan = city.Plan(households, SEED, UNTIL, months=MONTHS, formats=("csv",))
    made = city.generate(base.root / "city", plan, pages=policy.read_pack().feeds, facts=False)
    if base.server is not None:
        postgres.execute(base.server, f"CREATE DATABASE {base.name}")
    service = opened(base, Copy(base, settings_of(base.home, _url(base, base.name))))
    with database.transaction(service.engine) as session:
        access.add_worker(session, "tester", region=access.NATION, role="supervisor", by="torture")
    kept = [delivery for delivery in feeds.ingest_folder(service, made.deliveries) if delivery.status == "committed"]
    service.engine.dispose()
    shutil.rmtree(base.root / "city")
    if len(kept) < 20:
        raise RuntimeError(f"only {len(kept)} deliveries were committed: this is no city")


@dataclass(frozen=True)
class Copy:
    """One installation to be tortured, and thrown away afterwards."""

    base: Base
    settings: Settings

    @property
    def database(self) -> str:
        return self.settings.database_url.partition("@/")[2].partition("?")[0]


def opened(base: Base, copy: Copy) -> Service:
    return replace(open_service(copy.settings), pack=base.pack)


@contextmanager
def copied(base: Base, *, lease: float = 8.0) -> Iterator[Copy]:
    """Copy the installation; facts never change, so their files are linked."""
    name = f"t_{uuid.uuid4().hex}"
    home = base.root / name
    shutil.copytree(base.home, home, ignore=shutil.ignore_patterns("lake"))
    shutil.copytree(base.home / "lake", home / "lake", copy_function=os.link)
    if base.server is not None:
        with postgres.superuser(base.server) as superuser:
            postgres.copy(superuser, name, template=base.name)
    try:
        yield Copy(base, replace(settings_of(home, _url(base, name)), lease_seconds=lease))
    finally:
        if base.server is not None:
            postgres.execute(base.server, f"DROP DATABASE {name} WITH (FORCE)")
        shutil.rmtree(home)


def _url(base: Base, name: str) -> str | None:
    return None if base.server is None else f"postgresql+psycopg://postgres@/{name}?host={base.server}"
