"""Everything the description of the API allows, and much that it forbids, asked of it by every role: 0 failures.

Daily each role is asked in one of the four phases, which one its place and the seed say. A campaign is
``LOWINCOME_SCHEMATHESIS_SECONDS=300 ./lowincome test tests/test_api_schemathesis.py -n 0``: each role in each of the
four phases for that many seconds. ``LOWINCOME_SCHEMATHESIS_SEED`` repeats one.
"""

import os
import random
import re
from pathlib import Path

import pytest
from described import PHASES, ask, served
from factories import FIRES, Home, judge, register, scan
from sqlalchemy import select

from monitor import access, database
from monitor.alerts import raise_alerts
from monitor.service import Service
from monitor.tables import Person

CAMPAIGN = int(os.environ.get("LOWINCOME_SCHEMATHESIS_SECONDS") or 0)
SECONDS = CAMPAIGN or 5
# Its time runs while it still reads the description: a slow machine may be asked nothing in the first five seconds.
LONGER = (SECONDS, 4 * SECONDS, 16 * SECONDS)
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
@pytest.mark.timeout(600 + 84 * SECONDS)
def test_no_request_breaks_the_service_or_the_word_of_its_description(
    sqlite_service: Service, role: str, tmp_path: Path
) -> None:
    fill(sqlite_service)
    with database.transaction(sqlite_service.engine) as session:
        token = access.add_worker(session, f"岗位{role}", region="00", role=role, by="test")[1]
    folder = tmp_path / "asked"
    folder.mkdir()
    today = PHASES[(access.ROLES.index(role) + SEED) % len(PHASES)]
    with served(sqlite_service) as address:
        for phase in PHASES if CAMPAIGN else (today,):
            for seconds in LONGER:
                examples = max(5, SECONDS // 2)
                code, said = ask(address, token, folder, phase=phase, seconds=seconds, examples=examples, seed=SEED)
                assert code == 0, f"{phase}, seed {SEED}\n{said[-6000:]}"
                found = re.search(r"(\d+) generated", said)
                if found:
                    break
            assert found, said
            print(f"{role}, {phase}: {found[1]} cases")  # noqa: T201
