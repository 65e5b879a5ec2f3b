"""What a model's score may do stands on a page of policy, and a page has no word for anything else."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from policy_packs import FOLDERS

from monitor import policy
from monitor.policy import HERE, Policy, PolicyError
from monitor.policy.reading import read_text
from monitor.policy.score_pages import RISK_SCORE, ScorePage, read_score

DAY = date(2026, 6, 30)
WRITTEN = (HERE / "scores" / f"{RISK_SCORE}.yaml").read_text(encoding="utf-8")


def read(text: str) -> ScorePage:
    return read_score(RISK_SCORE, read_text(text, "scores/risk_score.yaml"))


def granted(**other: object) -> Policy:
    """The shipped policy, whose score page grants something else."""
    law = policy.load(DAY)
    return replace(law, pack=replace(law.pack, scores={RISK_SCORE: replace(law.pack.scores[RISK_SCORE], **other)}))


def test_the_shipped_page_says_plainly_what_the_score_may_do() -> None:
    page = policy.load(DAY).score
    assert page is not None
    assert page.orders
    assert (page.most, page.least) == ("suggestions.weekly", "suggestions.least")
    assert page.sentence.zh == "模型建议，非规则命中"
    assert page.reference.article


@pytest.mark.parametrize("more", ["close: true\n", "demote: red\n", "hide: always\n", "alert: red\n"])
def test_no_page_can_let_a_score_close_demote_hide_or_raise_by_itself(more: str) -> None:
    with pytest.raises(PolicyError, match="unknown key"):
        read(WRITTEN + more)


def test_a_score_orders_inside_a_level_or_nothing() -> None:
    assert not read(WRITTEN.replace("inside_level", "nothing")).orders
    with pytest.raises(PolicyError, match="not one of"):
        read(WRITTEN.replace("inside_level", "across_levels"))


@pytest.mark.parametrize(("old", "new", "said"), [
    ("most: parameter(suggestions.weekly), ", "", '"most" is missing'),
    ("parameter(suggestions.least)", "0.2", "expected text"),
    ("parameter(suggestions.least)", "suggestions.least", r"parameter\(name\)"),
])  # fmt: skip
def test_a_list_of_suggestions_has_a_quota_and_a_least_score_by_parameters(old: str, new: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        read(WRITTEN.replace(old, new))


def test_a_quota_that_no_parameter_gives_is_refused_with_the_pack(tmp_path: Path) -> None:
    for folder in FOLDERS:
        (tmp_path / folder).mkdir()
    (tmp_path / "scores" / "risk_score.yaml").write_text(WRITTEN, encoding="utf-8")
    with pytest.raises(PolicyError, match=r"no page gives the parameter suggestions\.weekly"):
        policy.read_pack(tmp_path)


def test_a_page_without_suggestions_grants_none_and_another_page_is_another_version() -> None:
    page = read("\n".join(line for line in WRITTEN.splitlines() if not line.startswith("suggest")))
    assert (page.most, page.least) == (None, None)
    assert granted(orders=False).score != policy.load(DAY).score
    assert replace(granted().pack, scores={}).scores.get(RISK_SCORE) is None
