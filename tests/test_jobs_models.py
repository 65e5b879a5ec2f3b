"""Models at the terminal: who may decide, what is said, what the audit chain keeps, and what the doctor sees."""

import subprocess
import sys
from pathlib import Path

import pytest
from learned import HARD, gate, manifest, reference, scorer
from sqlalchemy import select
from typer.testing import CliRunner, Result

from jobs import champions, doctor
from jobs.__main__ import app
from jobs.bench import learning
from monitor import access, database
from monitor.service import Service, open_service, today
from monitor.settings import read
from monitor.tables import AuditEntry


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setenv("LOWINCOME_HOME", str(tmp_path / "home"))
    service = open_service(read())
    people = [("主管", "supervisor"), ("审计", "auditor"), ("经办", "caseworker")]
    with database.transaction(service.engine) as session:
        for name, role in people:
            access.add_worker(session, name, region="00", role=role, by="test")
    return service


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, ["model", *words])


def registered(service: Service, **other: object) -> tuple[str, str]:
    models = champions.registry(service)
    model = models.register(scorer(), reference(), manifest(**other))
    return model, models.manifest(model).mark


def promoting(model: str, card_mark: str, **other: str) -> Result:
    told = {"by": "主管", "second": "审计", "why": "通过门槛", "mark": card_mark, **other}
    return typed("promote", model, *(word for name, value in told.items() for word in (f"--{name}", value)))


def acts(service: Service) -> list[tuple[str, str, str]]:
    with database.reading(service.engine) as session:
        chosen = select(AuditEntry).where(AuditEntry.action.like("model.%")).order_by(AuditEntry.id)
        return [(one.action, one.by, one.subject) for one in session.scalars(chosen)]


def test_a_model_is_listed_shown_promoted_and_rolled_back_by_name_and_recorded(home: Service) -> None:
    model, mark = registered(home)
    before = typed("list")
    assert before.exit_code == 1
    assert model in before.stdout
    assert "仅按规则排序" in before.stdout
    assert promoting(model, mark).exit_code == 0
    now = typed("list")
    assert now.exit_code == 0
    assert "champion" in now.stdout
    shown = typed("show", model)
    assert "通过门槛" in shown.stdout
    assert "G16" in shown.stdout
    assert typed("rollback", "--by", "主管", "--why", "投诉").exit_code == 0
    assert typed("list").exit_code == 1
    assert acts(home) == [("model.promote", "主管", model), ("model.rollback", "主管", "rules")]


def test_only_a_supervisor_promotes_and_only_another_officer_signs(home: Service) -> None:
    model, mark = registered(home)
    for wrong in ({"by": "经办"}, {"by": "无此人"}, {"second": "经办"}, {"second": "主管"}, {"mark": "00000000"}):
        refused = promoting(model, mark, **wrong)
        assert refused.exit_code == 3, wrong
    assert acts(home) == []
    assert champions.registry(home).champion().reason == "none"


def test_a_gate_that_holds_is_named_to_who_promotes(home: Service) -> None:
    gates = tuple(gate(name, "failed" if name == "G7" else "reached") for name in HARD)
    model, mark = registered(home, gates=gates)
    refused = promoting(model, mark)
    assert refused.exit_code == 3
    assert "G7 failed" in refused.output
    assert acts(home) == []


def test_a_champion_is_set_aside_by_one_and_resumed_by_two(home: Service) -> None:
    model, mark = registered(home)
    promoting(model, mark)
    assert typed("set-aside", "--by", "主管", "--why", "数据异常").exit_code == 0
    told = typed("list")
    assert (told.exit_code, "数据异常" in told.stdout) == (1, True)
    assert typed("resume", "--by", "主管", "--second", "审计", "--why", "已更正").exit_code == 0
    assert typed("list").exit_code == 0


def test_the_card_is_printed_or_written_as_two_files(home: Service, tmp_path: Path) -> None:
    model, mark = registered(home)
    assert mark in typed("card", model).stdout
    assert typed("card", model, "--to", str(tmp_path / "cards")).exit_code == 0
    for ending in ("md", "html"):
        assert mark in (tmp_path / "cards" / f"model-{model}.{ending}").read_text(encoding="utf-8")


def test_a_model_that_is_not_there_is_refused_in_both_languages(home: Service) -> None:
    refused = typed("show", "0123456789ab")
    assert refused.exit_code == 3
    assert "恢复" in refused.output
    assert "missing" in refused.output


def found(service: Service) -> doctor.Finding:
    return next(one for one in doctor.examine(service.settings, today()) if one.name == "model")


def test_the_doctor_looks_at_the_champions_file(home: Service) -> None:
    assert found(home).well
    model, mark = registered(home)
    assert found(home).well
    promoting(model, mark)
    assert found(home).en == f"champion {model} is sound"
    (champions.models_folder(home.settings) / model / "model.skops").write_bytes(b"another")
    told = found(home)
    assert not told.well
    assert "not the file that was registered" in told.en


def test_the_command_line_and_the_doctor_load_no_scikit_learn_where_there_is_no_model(tmp_path: Path) -> None:
    code = (
        "import sys; from jobs import doctor; import jobs.__main__; from monitor.settings import read; "
        f"from datetime import date; doctor.examine(read({{'LOWINCOME_HOME': {str(tmp_path)!r}}}), date(2026, 1, 1)); "
        "sys.exit('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_bench_explains_the_highest_exactly_and_in_words() -> None:
    told = learning.explained(1500, seed=3)
    assert told["explained"] == 1500
    assert told["reasons"] > 1500
    assert told["off"] < 1e-10
