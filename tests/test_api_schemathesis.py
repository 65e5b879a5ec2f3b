"""Everything the description of the API allows, and much that it forbids, asked of it by every role: 0 failures.

A longer campaign: ``LOWINCOME_SCHEMATHESIS_SECONDS=600 ./lowincome test tests/test_api_schemathesis.py -n 0`` gives
each role that many seconds; ``LOWINCOME_SCHEMATHESIS_SEED`` repeats one.
"""

import os
import random
from pathlib import Path

import pytest
from described import ask, served
from factories import FIRES, Home, judge, register, scan
from sqlalchemy import select

from monitor import access, database
from monitor.alerts import raise_alerts
from monitor.service import Service
from monitor.tables import Person

SECONDS = int(os.environ.get("LOWINCOME_SCHEMATHESIS_SECONDS", "5"))
SEED = int(os.environ.get("LOWINCOME_SCHEMATHESIS_SEED") or random.randrange(1 << 32))


def fill(service: Service) -> None:
    """Some households with alerts, so that reads have something to show."""
    with database.transaction(service.engine) as session:
        homes = register(session, 12)
        for person in session.scalars(select(Person)):
            person.name = service.keyring.encrypt("张三丰", about="people.name")
        shown = {home.id: Home({"illness": FIRES, "income": FIRES}) for home in homes}
        raise_alerts(session, judge(shown), scan=scan(session))


@pytest.mark.parametrize("role", access.ROLES)
@pytest.mark.timeout(300 + 3 * SECONDS)
def test_no_request_breaks_the_service_or_the_word_of_its_description(
    sqlite_service: Service, role: str, tmp_path: Path
) -> None:
    fill(sqlite_service)
    with database.transaction(sqlite_service.engine) as session:
        token = access.add_worker(session, f"岗位{role}", region="00", role=role, by="test")[1]
    folder = tmp_path / "asked"
    folder.mkdir()
    with served(sqlite_service) as address:
        code, said = ask(address, token, folder, seconds=SECONDS, examples=max(5, SECONDS // 2), seed=SEED)
    assert code == 0, f"seed {SEED}\n{said[-6000:]}"
    assert "generated" in said or "test cases" in said, said
