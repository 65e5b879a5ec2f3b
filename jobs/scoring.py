"""Tonight's scores: the champion's probability for every household, or rules alone and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.sampling import Scores

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
