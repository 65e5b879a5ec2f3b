"""Why and why not, on the terminal: what sleeps for want of a feed is said once for each feed."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from drops import drop, people, settlements
from typer.testing import CliRunner

from jobs.__main__ import app
from monitor import feeds
from monitor.service import Service

DAY = date(2026, 3, 5)


def explained(service: Service, monkeypatch: pytest.MonkeyPatch, as_of: date, language: str) -> list[str]:
    monkeypatch.setenv("LOWINCOME_HOME", str(service.settings.home))
    monkeypatch.setenv("COLUMNS", "1000")
    done = CliRunner().invoke(app, ["explain", "H00000", "--as-of", as_of.isoformat(), "-l", language])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def test_rules_that_sleep_are_one_line_for_each_feed_that_they_wait_for(
    sqlite_service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(tmp_path, "household_register", people(4), day=DAY)
    drop(tmp_path, "medical_settlements", settlements(4, of=4), day=DAY)
    feeds.ingest_folder(sqlite_service, tmp_path)
    lines = explained(sqlite_service, monkeypatch, DAY + timedelta(days=100), "en")
    asleep = [line for line in lines if "[unknown]" in line]
    waits = [line.split(" dormant for want of ")[1].split("): ")[0] for line in asleep if "dormant" in line]
    assert len(waits) == len(set(waits)) > 5
    assert any(wait.startswith("Accidents (never received") for wait in waits)
    assert any(f"(last on {DAY}" in wait for wait in waits)
    counted = sum(int(line.split("] ")[1].split(" dormant")[0]) for line in asleep if "dormant" in line)
    assert f"{counted + len(asleep) - len(waits)} unknown" in lines[0]


def test_the_same_is_said_in_chinese(sqlite_service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feeds.ingest(sqlite_service, drop(tmp_path, "household_register", people(4), day=DAY))
    lines = explained(sqlite_service, monkeypatch, DAY, "zh")
    assert any("缺 意外事故（从未收到）：火灾损失、重大交通事故、工伤致残" in line for line in lines)
