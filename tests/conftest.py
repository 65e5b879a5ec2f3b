"""Fixtures: every test that touches the operational database runs on SQLite and on a real PostgreSQL."""

import gc
import os
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import browsing
import compiling
import pace
import postgres
import psycopg
import pytest
from empty import empty
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine, create_engine

from jobs import RARELY
from monitor import database, migrations
from monitor.service import Service, open_service
from monitor.settings import Settings, read

gc.disable()  # until all is imported: what modules hold is no garbage, and looking for some is a fifth of importing
# Read when scikit-learn is first loaded; without it OpenMP's threads spin while other tests want the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
SOCKET = "LOWINCOME_TEST_POSTGRESQL_SOCKET"
hypothesis_settings.register_profile(
    "house", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
hypothesis_settings.load_profile("house")
# What is measured must be the same every time: only the examples that are written down.
hypothesis_settings.register_profile("written", phases=(Phase.explicit,), database=None, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    """Start one PostgreSQL for the session, before the workers of a parallel run inherit its address."""
    if os.environ.get("LOWINCOME_CANARIES"):
        from canaries import Canaries

        config.pluginmanager.register(Canaries(), "canaries")
    config.pluginmanager.register(pace.Pace(config), "pace")
    config.add_cleanup(browsing.close)
    compiling.keep()
    wanted = os.environ.get("LOWINCOME_TEST_DATABASES", "sqlite,postgresql")
    if hasattr(config, "workerinput") or "postgresql" not in wanted or SOCKET in os.environ:
        return
    folder = postgres.binaries()
    if folder is None:
        if os.environ.get("LOWINCOME_REQUIRE_POSTGRESQL"):
            pytest.exit("PostgreSQL is required but its server binaries are not installed", returncode=3)
        return
    cluster = postgres.Cluster(folder)
    config.add_cleanup(cluster.stop)
    os.environ[SOCKET] = cluster.start()
    config.add_cleanup(lambda: os.environ.pop(SOCKET, None))


def pytest_collection_finish() -> None:
    """From now on there is garbage, looked for rarely; what was imported is none and is not looked through again."""
    gc.freeze()
    gc.set_threshold(*RARELY)
    gc.enable()


@pytest.fixture(scope="session")
def superuser() -> Iterator[psycopg.Connection]:
    """One connection that makes and drops the databases of this process's tests."""
    with postgres.superuser(os.environ[SOCKET]) as connection:
        yield connection


@pytest.fixture(scope="session")
def postgres_template(worker_id: str, superuser: psycopg.Connection) -> str:
    """The name of a database that has all tables and no rows, to copy from."""
    socket, name = os.environ[SOCKET], f"template_{worker_id}"
    superuser.execute(f"CREATE DATABASE {name}".encode())
    engine = create_engine(f"postgresql+psycopg://postgres@/{name}?host={socket}")
    migrations.upgrade(engine)
    engine.dispose()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """An empty installation, once per kind of database."""
    if request.param == "sqlite":
        yield empty(tmp_path / "var", LOWINCOME_THREADS="2")
        return
    here = read({"LOWINCOME_HOME": str(tmp_path / "var"), "LOWINCOME_THREADS": "2"})
    if SOCKET not in os.environ:
        pytest.skip("PostgreSQL is not installed on this machine")
    superuser, name = request.getfixturevalue("superuser"), f"t_{uuid.uuid4().hex}"
    postgres.copy(superuser, name, template=request.getfixturevalue("postgres_template"))
    yield replace(here, database_url=f"postgresql+psycopg://postgres@/{name}?host={os.environ[SOCKET]}")
    superuser.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    """An open, empty installation on each kind of database."""
    opened = open_service(settings)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def engine(service: Service) -> Engine:
    """The operational database of ``service``."""
    return service.engine


@pytest.fixture
def sqlite_service(tmp_path: Path) -> Iterator[Service]:
    """An installation on SQLite alone, for what does not depend on the database."""
    opened = open_service(empty(tmp_path / "var", LOWINCOME_THREADS="2"))
    yield opened
    opened.engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[database.Session]:
    """A session whose work is committed at the end of the test."""
    with database.transaction(engine) as opened:
        yield opened
