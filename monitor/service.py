"""One running installation: its settings, its database, its lake and its keys, opened together."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError, ProgrammingError

from monitor import database, locks, migrations
from monitor.errors import Invalid
from monitor.migrations.roles import refuse_powerful
from monitor.privacy import Keyring, open_keyring
from monitor.settings import Settings
from monitor.tables import Person

CITY_TIME = ZoneInfo("Asia/Shanghai")
EARLIEST, LATEST = date(1990, 1, 1), date(2099, 12, 31)


@dataclass(frozen=True)
class Service:
    """What every job and every door works with."""

    settings: Settings
    engine: Engine
    keyring: Keyring
    pack: Path | None = None

    @property
    def lake(self) -> Path:
        """The folder of the committed facts."""
        return self.settings.lake


def open_service(settings: Settings, *, pack: Path | None = None) -> Service:
    """Open the installation that ``settings`` names, bringing its tables up to date.

    On first run the master key and the SQLite file are made; once somebody is in the register a missing
    key is refused, because a new one could not read what the old one wrote. In production on PostgreSQL the
    tables are only looked at: their owner migrates them, and a role that owns them is refused.
    """
    try:
        engine = database.connect(settings)
        _make_ready(engine, settings)
    except (OSError, DBAPIError) as error:
        raise Invalid(
            zh=f"数据库打不开或不可写（{type(error).__name__}）：请检查 LOWINCOME_HOME、磁盘和数据库地址",
            en=f"the database cannot be opened or written ({type(error).__name__}): "
            "look at LOWINCOME_HOME, the disk and the database's address",
        ) from error
    with database.reading(engine) as session:
        nobody = session.scalar(select(Person.id).limit(1)) is None
    keyring = open_keyring(settings.key_file, create=nobody, profile=settings.crypto)
    return Service(settings=settings, engine=engine, keyring=keyring, pack=pack)


def _make_ready(engine: Engine, settings: Settings) -> None:
    if engine.dialect.name == "sqlite" and engine.url.database:
        locks.refuse_unlocked(Path(engine.url.database))
    if settings.production and engine.dialect.name == "postgresql":
        refuse_powerful(engine)
        migrations.require_newest(engine)
    else:
        _migrate(engine)


def _migrate(engine: Engine) -> None:
    """Whoever may not change the tables is told who does."""
    try:
        migrations.upgrade(engine)
    except ProgrammingError:
        migrations.require_newest(engine)
        raise


def today() -> date:
    """Return the date in the city (Asia/Shanghai), whatever the zone of the machine."""
    return datetime.now(CITY_TIME).date()


def midnight() -> datetime:
    """Return when today began in the city, in UTC: from then on what is limited a day is counted."""
    return datetime.combine(today(), time(), CITY_TIME).astimezone(UTC)


def until_midnight() -> int:
    """Return in how many seconds tomorrow begins in the city, rounded up."""
    return int((midnight() + timedelta(days=1) - datetime.now(UTC)).total_seconds()) + 1


def judgeable(day: date) -> date:
    """Return ``day`` if it may be asked about; a date whose windows leave the calendar, or nearly, is refused."""
    if not EARLIEST <= day <= LATEST:
        raise Invalid(zh=f"日期须在 {EARLIEST} 与 {LATEST} 之间", en=f"a date lies between {EARLIEST} and {LATEST}")
    return day


def come(day: date) -> date:
    """Return ``day`` if it has come in the city: what is received or decided on a later one is refused."""
    if day > today():
        raise Invalid(
            zh=f"日期 {day} 晚于今天（{today()}）：请核对收到日期、目录名、清单和本机时钟",
            en=f"{day} lies after today ({today()}): look at the day of receipt, the folder's name, the manifest and "
            "this machine's clock",
        )
    return day
