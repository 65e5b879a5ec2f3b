"""One running installation: its settings, its database, its lake and its keys, opened together."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from monitor import database, migrations
from monitor.privacy import Keyring, open_keyring
from monitor.settings import Settings
from monitor.tables import Person

CITY_TIME = ZoneInfo("Asia/Shanghai")


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
    key is refused, because a new one could not read what the old one wrote.
    """
    engine = database.connect(settings)
    migrations.upgrade(engine)
    with database.reading(engine) as session:
        nobody = session.scalar(select(Person.id).limit(1)) is None
    keyring = open_keyring(settings.key_file, create=nobody)
    return Service(settings=settings, engine=engine, keyring=keyring, pack=pack)


def today() -> date:
    """Return the date in the city (Asia/Shanghai), whatever the zone of the machine."""
    return datetime.now(CITY_TIME).date()
