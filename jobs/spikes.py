"""The guard of a night: a rule that fires far more often than it did waits for a person before anybody sees alerts."""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.errors import Held
from monitor.tables import RunEvent, Scan

NIGHTS, TIMES, LEAST_MORE = 7, 3, 100
Hits = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Guard:
    """How often each rule usually fires, where there are nights enough to say; one that never did is there with 0."""

    usual: Mapping[str, float] | None = None

    def look(self, hits: Hits) -> None:
        """Raise ``Held`` when a rule fires three times as often as usual and for a hundred households more."""
        off = [] if self.usual is None else _far_off(self.usual, hits)
        if not off:
            return
        zh = "，".join(f"{rule} 命中 {now} 户，平常 {then:.0f} 户" for rule, now, then in off)
        en = ", ".join(f"{rule} fires for {now}, usually for {then:.0f}" for rule, now, then in off)
        raise Held(
            zh=f"{zh}；已停止发出预警。请核对来源批次和规则改动，确认无误后重新放行",
            en=f"{en}; no more alerts are raised. Look at the deliveries and at changes of the rules, then let it go",
        )


def guard(session: Session, run: uuid.UUID, scope: str) -> Guard:
    """Return the guard of a run over ``scope``; off without seven nights before it, or once a person let the run go."""
    looked_at = select(RunEvent.id).where(RunEvent.run_id == run, RunEvent.kind == "held").limit(1)
    if session.scalar(looked_at) is not None:
        return Guard()
    ended = select(Scan.counts).where(Scan.scope == scope, Scan.finished_at.is_not(None), Scan.run_id != run)
    nights = session.scalars(ended.order_by(Scan.as_of.desc(), Scan.finished_at.desc()).limit(NIGHTS)).all()
    if len(nights) < NIGHTS:
        return Guard()
    fired: defaultdict[str, list[int]] = defaultdict(list)
    for place, counts in enumerate(nights):
        for rule, said in counts.get("by_rule", {}).items():
            fired[rule] += [0] * (place - len(fired[rule])) + [said["fires"]]
    return Guard({rule: median(each + [0] * (NIGHTS - len(each))) for rule, each in fired.items()})


def _far_off(usual: Mapping[str, float], hits: Hits) -> list[tuple[str, int, float]]:
    said = [(rule, one["fires"], float(usual.get(rule, 0))) for rule, one in sorted(hits.items())]
    return [(rule, now, then) for rule, now, then in said if now >= TIMES * then and now >= then + LEAST_MORE]
