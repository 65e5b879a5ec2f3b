"""Tonight's scores: a champion orders inside levels, and whatever is wrong with it, rules alone go on and say why."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from installed import receive, small_pack
from sqlalchemy import select
from test_jobs_scan import FIRST, MARCH, RULES

from jobs import champions, scoring
from jobs.scan import scan
from jobs.wording import never_shown, wording
from models.explanation import Reference
from models.gates import HARD
from models.journal import Act
from models.scorer import RiskScorer
from models.storing import Manifest
from monitor import database, learning, policy
from monitor.service import Service
from monitor.tables import Alert, Scan

AT = "2026-04-01T00:00:00+00:00"


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_pack(tmp_path_factory.mktemp("pack"), RULES)


@pytest.fixture
def small(sqlite_service: Service, pack: Path) -> Service:
    installed = replace(sqlite_service, pack=pack)
    receive(installed, FIRST)
    return installed


def taught(service: Service) -> tuple[RiskScorer, pd.DataFrame]:
    """A scorer that has learned, from the city's own features many times over, that medical cost is the risk."""
    table = learning.build(learning.archive(service, until=MARCH), MARCH).table
    many = pd.concat([table] * 60, ignore_index=True)
    chance = np.random.default_rng(1)
    many["medical_self_pay_12m"] = chance.gamma(1, 9_000, len(many))
    label = (many["medical_self_pay_12m"] + chance.normal(0, 2_000, len(many)) > 12_000).astype(int)
    return RiskScorer(monotone={"medical_self_pay_12m": 1}, max_iter=30, max_depth=3).fit(many, label), many


def promote(service: Service, *, until: date = MARCH, slope: float | None = None) -> str:
    scorer, many = taught(service)
    scorer.slope_ = scorer.slope_ if slope is None else slope
    gates = tuple({"id": name, "gate": "reached", "verdict": "reached", "note": ""} for name in HARD)
    manifest = Manifest(
        kind="RiskScorer", features=tuple(map(str, many)), training={"until": until.isoformat()}, metrics={},
        gates=gates, by="test", at=AT,
    )  # fmt: skip
    registry = champions.registry(service)
    model = registry.register(scorer, Reference.drawn(many, many["medical_self_pay_12m"] < 5_000), manifest)
    registry.promote(model, Act("主管", AT, "试用", second="复核"), mark=registry.manifest(model).mark)
    return model


def test_without_models_the_scan_says_that_rules_alone_order_the_queue(small: Service) -> None:
    counts = scan(small, MARCH).counts
    assert counts["score"]["mode"] == "rules_only"
    assert "规则" in counts["score"]["zh"]


def test_a_champion_scores_everybody_with_reasons_and_stands_in_the_scan(small: Service) -> None:
    model = promote(small)
    done = scan(small, MARCH)
    assert done.counts["score"] == {"mode": "champion", "model": model}
    with database.reading(small.engine) as session:
        assert session.scalars(select(Scan.model_version)).one() == model
        ranks = dict(session.execute(select(Alert.household_id, Alert.rank)).all())
    kept = pd.read_parquet(small.settings.home / "scores" / f"{done.scan}.parquet").set_index("household_key")
    assert kept["score"].between(0, 1).all()
    first = kept["score"].idxmax()
    assert "自付" in kept.loc[first, "reasons_zh"]
    assert ranks[3] < 10**18  # red stays red, whatever the score


def test_the_same_night_scored_twice_gives_the_same_scores(small: Service, pack: Path) -> None:
    promote(small)
    law = policy.load(MARCH, known_on=MARCH, root=pack)
    first, again = (scoring.tonight(small, law, as_of=MARCH, region="") for _ in range(2))
    assert first.scores is not None
    assert again.scores is not None
    assert first.scores.score.equals(again.scores.score)


def tampered(folder: Path) -> None:
    path = next(folder.glob("*/model.skops"))
    path.write_bytes(path.read_bytes()[:-9] + b"different")


def gone(folder: Path) -> None:
    for path in folder.glob("*/model.skops"):
        path.unlink()


def unsigned(folder: Path) -> None:
    next(folder.glob("*/manifest.mac")).write_text("0" * 64)


@pytest.mark.parametrize("spoil", [tampered, gone, unsigned])
def test_whatever_is_wrong_with_a_file_the_scan_goes_on_by_rules_and_says_why(
    small: Service, spoil: Callable[[Path], None]
) -> None:
    promote(small)
    spoil(champions.models_folder(small.settings))
    counts = scan(small, MARCH).counts
    assert counts["score"]["mode"] == "rules_only"
    assert counts["score"]["reason"] in ("missing", "tampered", "unreadable")
    with database.reading(small.engine) as session:
        assert session.scalars(select(Scan.model_version)).one() is None
        assert len(session.scalars(select(Alert)).all()) == 3


def test_a_model_that_learned_from_nothing_new_for_long_is_late(small: Service) -> None:
    promote(small, until=MARCH - timedelta(days=600))
    assert scan(small, MARCH).counts["score"]["reason"] == "late"


def test_a_model_that_wants_what_policy_no_longer_has_does_not_score(small: Service, tmp_path: Path) -> None:
    promote(small)
    fewer = replace(small, pack=small_pack(tmp_path / "fewer", ("lone_elder",)))
    assert scan(fewer, MARCH).counts["score"]["reason"] == "features"


def alerts_of(service: Service) -> list[tuple[object, ...]]:
    columns = (Alert.household_id, Alert.status, Alert.level, Alert.opened_on, Alert.category)
    with database.reading(service.engine) as session:
        return sorted(tuple(row) for row in session.execute(select(*columns)))


def test_with_and_without_a_model_the_same_alerts_are_raised(small: Service, tmp_path: Path, pack: Path) -> None:
    from monitor.service import open_service
    from monitor.settings import read

    promote(small)
    scan(small, MARCH)
    bare = replace(open_service(read({"LOWINCOME_HOME": str(tmp_path / "bare")})), pack=pack)
    receive(bare, FIRST)
    scan(bare, MARCH)
    assert alerts_of(small) == alerts_of(bare)


def test_scores_that_are_no_numbers_count_as_none_and_rules_alone_order(small: Service) -> None:
    promote(small, slope=float("nan"))
    done = scan(small, MARCH)
    assert (done.counts["score"]["mode"], done.counts["score"]["reason"]) == ("rules_only", "scores")
    assert not (small.settings.home / "scores" / f"{done.scan}.parquet").exists()
    assert len(alerts_of(small)) == 3


def test_equal_scores_of_everybody_leave_the_order_to_the_rules(small: Service, tmp_path: Path, pack: Path) -> None:
    from monitor.service import open_service
    from monitor.settings import read

    promote(small, slope=0.0)
    bare = replace(open_service(read({"LOWINCOME_HOME": str(tmp_path / "bare")})), pack=pack)
    receive(bare, FIRST)
    ordered = []
    for service in (small, bare):
        scan(service, MARCH)
        with database.reading(service.engine) as session:
            ordered.append(session.scalars(select(Alert.household_id).order_by(Alert.rank)).all())
    assert ordered[0] == ordered[1]
    kept = pd.read_parquet(next((small.settings.home / "scores").glob("*.parquet")))
    assert kept["score"].nunique() == 1


def test_every_feature_has_words_and_what_a_household_is_is_never_a_reason() -> None:
    law = policy.load(MARCH)
    names = ["wages_mean_3m", "wages_mean_3m__d6", "signs", "linked__wages", "rule_order", "category__dibao"]
    words = wording(law, names)
    assert words["wages_mean_3m__d6"].zh == f"{words['wages_mean_3m'].zh}（6个月内变化）"
    assert never_shown(names) == ["linked__wages", "rule_order", "category__dibao"]
