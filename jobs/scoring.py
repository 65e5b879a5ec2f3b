"""Tonight's scores: the champion's probability for every household, or rules alone and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jobs import champions
from jobs.quarantine import Poison, attempt
from monitor import learning
from monitor.policy import Policy
from monitor.sampling import Scores
from monitor.service import Service

if TYPE_CHECKING:
    from models.registry import Serving

EXPLAINED = 50_000
"""The highest households whose three reasons are kept."""
LATE = timedelta(days=548)
"""A champion that learned from nothing newer than this does not score."""
RULES_ONLY: Mapping[str, Any] = {
    "mode": "rules_only", "reason": "none", "zh": "仅按规则排序：尚无经批准的模型",
    "en": "ordered by rules alone: no model has been promoted",
}  # fmt: skip


@dataclass(frozen=True)
class Tonight:
    """What orders the queue inside its levels tonight, and ``told``: how the scan says so."""

    scores: Scores | None = None
    told: Mapping[str, Any] = field(default_factory=lambda: dict(RULES_ONLY))

    @property
    def model(self) -> str | None:
        """The champion's id; None when rules alone order the queue."""
        return None if self.scores is None else self.scores.model


def tonight(service: Service, law: Policy, *, as_of: date, region: str) -> Tonight:
    """Score the households of ``region`` by the champion as they are known on ``as_of``.

    Rules alone order the queue, and the scan says why, when no champion was promoted, when its file is missing,
    changed or late, when it wants a feature that policy no longer has, or when a score is no number. Never raises for
    a model's sake: alerts are raised all the same.
    """
    folder = champions.models_folder(service.settings)
    if not folder.exists():
        return Tonight()
    serving = champions.registry(service).champion()
    if serving.rules_only:
        return rules_only(serving.reason, zh=serving.zh, en=serving.en)
    found = attempt(lambda: _scored(service, law, serving, as_of=as_of, region=region))
    if isinstance(found, Poison):
        where = f"{found.error} {found.place}"
        return rules_only(
            "unusable", zh=f"仅按规则排序：评分出错（{where}）", en=f"rules alone order: scoring broke ({where})"
        )
    return found


def rules_only(reason: str, *, zh: str, en: str) -> Tonight:
    """Return a night ordered by rules alone, with the banner that says why."""
    return Tonight(None, {"mode": "rules_only", "reason": reason, "zh": zh, "en": en})


def _scored(service: Service, law: Policy, serving: "Serving", *, as_of: date, region: str) -> Tonight:
    from models.places import parted

    manifest = serving.manifest
    if manifest is None or serving.scorer is None:
        return Tonight()
    until = date.fromisoformat(str(manifest.training.get("until", as_of)))
    if as_of - until > LATE:
        return rules_only(
            "late",
            zh=f"仅按规则排序：模型只学到 {until}，须重新训练",
            en=f"rules alone order: trained up to {until}",
        )
    built = learning.build(learning.archive(service, until=as_of), as_of, region=region or None)
    lacking = sorted(set(manifest.features) - set(built.table))
    if lacking:
        return rules_only(
            "features",
            zh=f"仅按规则排序：缺少指标 {lacking[:5]}",
            en=f"rules alone order: no {lacking[:5]}",
        )
    table = built.table[list(manifest.features)]
    risk = serving.scorer.predict_proba(table)[:, 1]
    if not np.isfinite(risk).all():
        return rules_only("scores", zh="仅按规则排序：评分不是数字", en="ordered by rules alone: a score is no number")
    score = pd.Series(risk, index=table.index)
    order = pd.Series(parted(risk, built.groups["coverage"]), index=table.index)
    reasons = _reasons(law, serving, table.loc[order.nlargest(EXPLAINED).index], built.groups["town_type"])
    return Tonight(Scores(manifest.id, score, reasons, order), {"mode": "champion", "model": manifest.id})


def _reasons(
    law: Policy, serving: "Serving", table: pd.DataFrame, kinds: pd.Series
) -> dict[int, Sequence[Mapping[str, Any]]]:
    from jobs.wording import never_shown, wording
    from models.explanation import Explainer, reasons

    if serving.reference is None or table.empty:
        return {}
    names = [str(name) for name in table]
    explanation = Explainer(serving.scorer, serving.reference).explain(table, kinds.reindex(table.index).tolist())
    told = reasons(explanation, wording(law, names), never=never_shown(names))
    found: dict[int, list[Mapping[str, Any]]] = {}
    columns = ("household", "feature", "value", "added", "zh", "en")
    for household, feature, value, added, zh, en in zip(*(told[name].tolist() for name in columns), strict=True):
        said = {"feature": feature, "value": None if value != value else value, "added": added, "zh": zh, "en": en}
        found.setdefault(int(household), []).append(said)
    return dict(found)


def keep(scores: Scores, path: Path) -> None:
    """Keep a scan's scores beside its verdicts: household, score, tenth, and up to three reasons of the highest."""
    keys = scores.score.index
    said = [list(scores.reasons.get(int(key), ())) for key in keys]
    told = {"household_key": keys, "score": scores.score.to_numpy(), "tenth": scores.tenths(keys).to_numpy()}
    table = pd.DataFrame(told)
    for language in ("zh", "en"):
        table[f"reasons_{language}"] = ["；".join(str(one[language]) for one in three) for three in said]
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_parquet(path, index=False)
