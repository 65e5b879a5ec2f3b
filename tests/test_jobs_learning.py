"""``lowincome learn`` as it is typed."""

import json
from pathlib import Path

import pytest
from panels import MALAWI, MALAWI_DROP, made_up
from typer.testing import CliRunner

from jobs.__main__ import app
from models.histories import base_of

RUN = CliRunner()
HOW = ["--label", "fell", "--time", "year", "--group", "household", "--drop", "village, income_next", "--folds", "2"]


def test_learn_on_a_csv_writes_the_report_and_tells_every_model(tmp_path: Path) -> None:
    made_up(250).to_csv(tmp_path / "panel.csv", index=False)
    (tmp_path / "signs.yaml").write_text("income: -1\n")
    told = RUN.invoke(
        app,
        [
            "learn",
            str(tmp_path / "panel.csv"),
            *HOW,
            "--monotone",
            str(tmp_path / "signs.yaml"),
            "--protect",
            "elderly",
            "--report",
            str(tmp_path / "report"),
        ],
    )
    assert told.exit_code == 0, told.output
    assert "scorecard" in told.output
    assert "选用" in told.output
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names >= {"metrics.json", "scores.csv", "card.md", "card.html", "report.html", "lift.png", "calibration.png"}
    found = json.loads((tmp_path / "report" / "evaluation.json").read_text())
    assert set(found["groups"]) == {"elderly"}
    assert [name for name in found["features"] if base_of(name) is None] == [
        "seen_on",
        "income",
        "kind",
        "elderly",
        "noise",
    ]
    assert "income (before)" in found["features"]
    assert len(found["dates"]["precision"]) == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--where", "__import__('os')"], "condition cannot be read"),
        (["--drop", "villag"], "is it villag -> village"),
        (["--monotone", "nowhere.yaml"], "monotone file cannot be read"),
        (["--capacity", "7"], "capacity"),
    ],
)
def test_learn_refuses_with_code_3_in_both_languages(tmp_path: Path, more: list[str], said: str) -> None:
    made_up(60).to_parquet(tmp_path / "panel.parquet")
    told = RUN.invoke(app, ["learn", str(tmp_path / "panel.parquet"), *HOW, *more, "--report", str(tmp_path / "r")])
    assert told.exit_code == 3
    assert said in told.stderr
    assert not told.stderr.isascii()
    assert not (tmp_path / "r").exists()


@pytest.mark.slow
def test_learn_on_the_malawi_panel_as_its_page_says(tmp_path: Path) -> None:
    how = ["--label", "fi_next", "--time", "year", "--group", "hh_id", "--where", "fi == 0", "--drop", MALAWI_DROP]
    how += ["--next-welfare", "FCS_next", "--line", "35", "--protect", "fhead", "--report", str(tmp_path)]
    told = RUN.invoke(app, ["learn", str(MALAWI), *how])
    assert told.exit_code == 0, told.output
    assert json.loads((tmp_path / "metrics.json").read_text())["chosen"]["auc"] >= 0.765
