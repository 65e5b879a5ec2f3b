"""A deploy that rolls: the next program has migrated, and this one, at work or started anew, goes on beside it."""

import logging
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import rolling_deploy
from desks import raised, signed_in
from factories import DAY, FIRES
from installations import ROOT, Installation, copied
from sqlalchemy import select, text

from jobs import doctor, run
from jobs.remind import remind
from monitor import database, migrations
from monitor.errors import Conflict
from monitor.service import Service, open_service
from monitor.tables import FollowUp, Run

MIGRATE = "from monitor import database, migrations; from monitor.settings import read; "
MIGRATE += "migrations.upgrade(database.connect(read())); print(migrations.newest())"
NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9901", "{after}", None, None

def upgrade():
    op.create_table("wishes", sa.Column("id", sa.Integer(), primary_key=True),
                    sa.Column("alert_id", sa.Uuid(), sa.ForeignKey("alerts.id"), nullable=False))
    op.add_column("alerts", sa.Column("mood", sa.String(8), nullable=True))
    op.add_column("follow_ups", sa.Column("weather", sa.String(8), nullable=False, server_default="fair"))
    op.create_index("ix_alerts_mood", "alerts", ["mood", "due_on"])


def downgrade():
    pass
"""
FURTHER = 'revision, down_revision, branch_labels, depends_on = "9902", "9901", None, None\n'
FURTHER += 'oldest_program = "9901"\n\ndef upgrade():\n    pass\n'


@pytest.fixture(scope="session")
def following(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The next program: this one and one revision more, which only adds."""
    made = copied(tmp_path_factory.mktemp("following"))
    add(made, "9901_more.py", NEXT.format(after=migrations.newest()))
    return made


def add(to: Installation, name: str, revision: str) -> None:
    (to.root / "monitor/migrations/versions" / name).write_text(revision)


def stands(service: Service) -> tuple[str | None, str | None]:
    """At what the tables are, and whom they say they serve."""
    with database.reading(service.engine) as session:
        since = session.scalar(text("SELECT since FROM programs_served"))
        return migrations.current(session.connection()), since


def test_beside_tables_that_only_grew_a_program_goes_on_and_may_start_again(
    service: Service, following: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = raised(service, [{"illness": FIRES}] * 2)
    lin = signed_in(service, "林干事", region="3402")
    visit: dict[str, str] = {"visited_on": DAY.isoformat(), "way": "home", "finding": "unreachable"}
    for _ in range(6):  # from the fifth time on a statement is kept ready at the server
        assert len(lin.get("/api/v1/alerts").json()["items"]) == 2
    assert following.run(service.settings, MIGRATE).strip() == "9901"
    assert stands(service) == ("9901", "0109")
    for alert in (first, second):
        seen = visit | {"id": str(uuid.uuid4())}
        said = lin.post(f"/api/v1/alerts/{alert}/follow-ups", json=seen, headers={"If-Match": '"1"'})
        assert said.status_code == 201, said.text
    assert len(lin.get("/api/v1/alerts").json()["items"]) == 2
    with caplog.at_level(logging.WARNING):
        again = open_service(service.settings)
    assert [(one.message, vars(one)["version"]) for one in caplog.records] == [("tables are newer", "9901")]
    migrations.require_newest(again.engine)
    remind(again, DAY)
    with run.leased(again, "scan", as_of=DAY):
        pass
    with database.reading(again.engine) as session:
        assert session.scalars(select(Run.status)).all() == ["done"]
        assert session.scalars(select(text("weather")).select_from(FollowUp)).all() == ["fair"] * 2
    assert stands(again) == ("9901", "0109")
    found = {one.name: one for one in doctor.examine(again.settings, DAY)}["migrations"]
    assert (found.well, "finish the update" in found.en) == (False, True)
    again.engine.dispose()


def test_a_program_that_newer_tables_no_longer_serve_is_refused_in_words_and_changes_nothing(
    sqlite_service: Service, tmp_path: Path
) -> None:
    service = sqlite_service
    later = copied(tmp_path / "later")
    add(later, "9901_more.py", NEXT.format(after=migrations.newest()))
    add(later, "9902_less.py", FURTHER)
    later.run(service.settings, MIGRATE)
    assert stands(service) == ("9902", "9901")
    for refused in (lambda: open_service(service.settings), lambda: migrations.require_newest(service.engine)):
        with pytest.raises(Conflict, match="9902, newer than this program") as said:
            refused()
        assert "请安装新版程序" in said.value.zh
    assert stands(service) == ("9902", "9901")
    found = {one.name: one for one in doctor.examine(service.settings, DAY)}["tables"]
    assert (found.well, "install the newer program" in found.en) == (False, True)


def test_the_next_program_starts_on_tables_of_this_one_and_this_one_reads_whom_they_serve(
    sqlite_service: Service, following: Installation
) -> None:
    assert stands(sqlite_service) == (migrations.newest(), "0109")
    opened = "from monitor.service import open_service; from monitor.settings import read; open_service(read())"
    following.run(sqlite_service.settings, opened)
    assert stands(sqlite_service) == ("9901", "0109")


@pytest.mark.slow
def test_the_program_before_the_newest_tables_passes_its_own_tests_of_the_queue_and_the_ledger_on_them() -> None:
    """``lowincome older`` runs more of them; ``--commit`` names any other program."""
    wanted = ["tests/test_monitor_work_queue.py", "tests/test_jobs_ledger.py", "tests/test_jobs_scan.py"]
    ended = subprocess.run(
        [sys.executable, "-m", "rolling_deploy", *wanted], cwd=ROOT / "tests", env=os.environ | {"PYTHONPATH": ".."},
        capture_output=True, text=True,
    )  # fmt: skip
    if ended.returncode == rolling_deploy.NO_HISTORY:
        pytest.skip(ended.stderr)
    assert ended.returncode == 0, ended.stdout[-3000:]
    assert int(ended.stdout.rpartition(" passed")[0].split()[-1]) > 50
