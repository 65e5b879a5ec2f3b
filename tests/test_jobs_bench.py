"""The benchmark: three ways to the same fifteen indicators agree, and every stage is really done."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from jobs import bench
from jobs.__main__ import app
from jobs.bench import by_hand, workers
from monitor.errors import Conflict, Invalid
from monitor.settings import read

HOMES = 500


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("bench")
    told = CliRunner().invoke(
        app,
        ["bench", "--households", str(HOMES), "--repeat", "1", "--out", str(folder / "found.json")],
        env={"LOWINCOME_HOME": str(folder / "var")},
    )
    assert told.exit_code == 0, told.output
    assert not (folder / "var" / "bench").exists()
    found: dict[str, object] = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    return found


def test_every_stage_reports_its_time_and_its_own_peak_memory(report: dict[str, dict[str, dict[str, float]]]) -> None:
    stages = report["stages"]
    assert list(stages) == list(bench.STAGES)
    assert all(stage["seconds"] > 0 and stage["peak_mib"] > 50 for stage in stages.values())
    assert stages["ingest"]["rows"] >= stages["generate"]["rows"]
    assert stages["whole_scan"]["raised"] > 0


def test_the_desk_says_how_long_each_role_waited_how_it_was_asked_and_what_a_page_costs(
    report: dict[str, dict[str, dict[str, Any]]],
) -> None:
    office = report["stages"]["desk"]["sqlite"]
    roles = {"assistant", "caseworker", "reviewer", "supervisor"}
    assert set(office["milliseconds"]["queue"]) == set(office["cost_ms"]) == roles
    for waits in office["milliseconds"]["queue"].values():
        assert 0 < waits["p50"] <= waits["p95"] <= waits["p99"]
        assert waits["count"] >= office["length"]["samples"]
    assert {"breath", "people", "warm"} <= set(office["length"])
    assert min(office["share"]["service"], office["share"]["people"], office["per_second"]) > 0
    assert (office["walled"], office["share"]["database"]) == (False, 0.0)


def test_what_people_waited_while_all_warmed_up_is_not_counted() -> None:
    crowd = workers._Crowd(1, {"caseworker": ["t"]}, workers.Length(people=1))
    crowd.clients[0].times["caseworker", "queue"] += [9.0]
    assert crowd._fewest() == 1
    crowd.forget()
    assert crowd._fewest() == 0


def test_sql_pandas_and_policy_say_the_same_fifteen(report: dict[str, dict[str, dict[str, dict[str, float]]]]) -> None:
    ways = [report["stages"][name]["checksums"] for name in ("sql_by_hand", "pandas_by_hand", "all_indicators")]
    assert ways[0] == ways[1] == ways[2]
    assert set(ways[0]) == set(by_hand.FIFTEEN)
    assert sum(value > 0 for value in ways[0].values()) >= 9
    assert report["checksums_equal"]


def test_ratios_and_the_machine_are_on_record(report: dict[str, dict[str, float]]) -> None:
    assert report["ratios"]["indicators_over_sql_by_hand"] > 0
    assert report["machine"]["cores"] >= 1
    assert "duckdb" in report["machine"]["versions"]


@pytest.mark.slow
def test_a_city_laid_twice_side_by_side_has_twice_of_everything(
    report: dict[str, dict[str, dict[str, Any]]], tmp_path: Path
) -> None:
    plan = bench.plan(read({"LOWINCOME_HOME": str(tmp_path)}), households=HOMES, repeat=1, times=2)
    stages = ["generate", "ingest", "grow", "sql_by_hand", "all_indicators", "whole_scan", "api_during_scan"]
    found = bench.run(plan, stages, told=lambda *_: None)
    one, two = report["stages"], found["stages"]
    assert found["checksums_equal"]
    assert all(two["sql_by_hand"]["checksums"][name] == pytest.approx(2 * value) for name, value in
               one["sql_by_hand"]["checksums"].items())  # fmt: skip
    for name in ("households", "fires", "unknown", "raised"):
        assert two["whole_scan"][name] == 2 * one["whole_scan"][name] > 0
    office = two["api_during_scan"]
    assert (office["alone_errors"], office["beside_errors"]) == (0, 0)
    assert set(office["scans_ended"]) <= {0, 1}
    assert min(office["alone_reads"], office["beside_reads"], office["beside_writes"], office["cost_ms"]) > 0


def test_ways_that_disagree_are_told(tmp_path: Path) -> None:
    plan = bench.plan(read({"LOWINCOME_HOME": str(tmp_path)}), households=50)
    one, other = ({"seconds": 1.0, "checksums": {"wages_3m": value}} for value in (1.0, 2.0))
    assert not bench.report(plan, {"sql_by_hand": one, "pandas_by_hand": other})["checksums_equal"]


def test_an_unknown_stage_or_a_home_without_a_city_is_refused(tmp_path: Path) -> None:
    plan = bench.plan(read({"LOWINCOME_HOME": str(tmp_path)}), households=50)
    with pytest.raises(Invalid):
        bench.run(plan, ["generate", "dance"], told=lambda *_: None)
    with pytest.raises(Conflict):
        bench.run(plan, ["rules"], told=lambda *_: None)


def test_explaining_wants_no_city_and_takes_no_folder_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(tmp_path))
    kept = tmp_path / "bench" / "precious"
    kept.parent.mkdir()
    kept.write_text("mine")
    words = ["bench", "--households", "600", "--stages", "explain_score", "--out", str(tmp_path / "found.json")]
    assert CliRunner().invoke(app, words).exit_code == 0
    found = json.loads((tmp_path / "found.json").read_text())["stages"]["explain_score"]
    assert found["explained"] == 600
    assert found["off"] < 1e-10
    assert kept.read_text() == "mine"


def test_learning_is_timed_on_as_many_rows_as_were_asked_for_and_says_each_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOWINCOME_HOME", str(tmp_path))
    words = ["bench", "--households", "1500", "--stages", "score", "--out", str(tmp_path / "found.json")]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output
    found = json.loads((tmp_path / "found.json").read_text())["stages"]["score"]
    assert found["boosted_rows"] == found["scored_rows"] == 1500
    assert min(found[f"{part}_seconds"] for part in ("boosted", "compared")) > 0
    assert found["auc"] > 0.7


def test_a_folder_that_no_benchmark_made_is_left_alone(tmp_path: Path) -> None:
    plan = bench.plan(read({"LOWINCOME_HOME": str(tmp_path)}), households=50)
    kept = tmp_path / "bench" / "precious"
    kept.parent.mkdir()
    kept.touch()
    with pytest.raises(Conflict):
        bench.run(plan, ["generate"], told=lambda *_: None)
    assert kept.exists()
