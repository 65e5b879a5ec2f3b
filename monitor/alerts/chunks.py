"""A chunk of indicators under the policy in force: judged, and able to say why, row by row."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import repeat

import numpy as np
import pandas as pd

from monitor.alerts.judged import Codes, Evidence, Json, Judged, Keys, Measured, Row, Terms, Told
from monitor.indicators import FeedState, draw_near, evidence, taken_back, withdrawn
from monitor.lake import View
from monitor.policy import Policy, Verdicts

_ROWS_SHOWN = 5


@dataclass(frozen=True)
class Judge:
    """One state of knowledge and one policy, for as many chunks as a scan has."""

    view: View
    policy: Policy
    states: Mapping[str, FeedState]
    as_of: date

    def judged(self, table: pd.DataFrame, verdicts: Verdicts) -> Judged:
        """Return what alerts need of ``verdicts`` over ``table``; words and evidence are made when asked for."""
        fired = table.index.get_indexer(verdicts.fired.index).astype(np.int64)
        draw_near(self.view, as_of=self.as_of, households=verdicts.fired.index.to_numpy(np.int64))
        return Judged(
            as_of=self.as_of,
            table=table,
            codes=verdicts.codes.to_numpy(dtype=np.int8),
            measured=Measured(
                fired, verdicts.observed.to_numpy(), verdicts.limits.to_numpy(), verdicts.excess.to_numpy()
            ),
            rules=self.terms,
            tell=lambda wanted, start: self._tell(verdicts, wanted, start),
            evidence=self.evidence,
            withdrawn=self._withdrawn,
            taken_back=self._taken_back,
        )

    @cached_property
    def terms(self) -> dict[str, Terms]:
        """What alerts keep of each rule, in the order of the judge's columns."""
        return {name: self._terms(name) for name in sorted(self.policy.rules)}

    def _terms(self, name: str) -> Terms:
        rule = self.policy.rules[name]
        return Terms(
            version=rule.version,
            level=rule.level,
            direction=rule.direction,
            needs=rule.when.names,
            cooldown_days=rule.cooldown_days,
            quiet_days=rule.quiet.days,
            quiet_worse=rule.quiet.worse,
            lower_is_worse=rule.lower_is_worse,
            unit=self.policy.explainer.unit(rule),
            reference=dict(rule.reference.as_json()),
            feeds={feed: self.states[feed].last_known_on for feed in sorted(self.policy.feeds_of(name))},
        )

    def _tell(self, verdicts: Verdicts, wanted: Codes, start: int) -> Iterator[Told]:
        for column, rule in enumerate(self.terms):
            places = np.flatnonzero(wanted[:, column])
            if not len(places):
                continue
            page = self.policy.rules[rule]
            rows = verdicts.table[sorted({*page.needs, "region", "category"})].iloc[places + start]
            told = self.policy.explainer.tell(rule, rows.assign(limit=verdicts.limits[rule].loc[rows.index]))
            lists = (told.sentence_zh, told.sentence_en, told.parameters, told.unseen)
            yield from map(Told, places.tolist(), repeat(column), *lists)

    def evidence(self, rule: str, households: Keys, *, most: int = _ROWS_SHOWN) -> Evidence:
        """Return up to ``most`` (five) rows behind ``rule`` for each of ``households``, the weightiest first."""
        found: dict[int, list[Json]] = {}
        for indicator in self._shown(rule):
            rows = evidence(
                self.view, self.policy, as_of=self.as_of, indicator=indicator, households=households, most=most
            )
            for household, row in zip(rows["household_key"].tolist(), _written(rows), strict=True):
                held = found.setdefault(household, [])
                if row not in held and len(held) < most:
                    held.append(row)
        return found

    def _shown(self, rule: str) -> list[str]:
        """The indicators whose rows are shown: the one the rule measures, or every one it reads."""
        page = self.policy.rules[rule]
        if page.observed in self.policy.indicators:
            return [str(page.observed)]
        return sorted(name for name in page.when.names if name in self.policy.indicators)

    def _withdrawn(self, feed: str, rows: Set[Row]) -> Set[Row]:
        return withdrawn(self.view, feed, rows)

    def _taken_back(self, rule: str, households: Keys, since: date) -> Set[int]:
        """A rule that policy no longer holds rests on nothing that could be taken back."""
        names = sorted(self.policy.rules[rule].when.names & self.policy.indicators.keys())
        return {
            household
            for name in names
            for household in taken_back(
                self.view, self.policy, as_of=self.as_of, indicator=name, households=households, since=since
            )
        }


def _written(rows: pd.DataFrame) -> Iterator[Json]:
    columns = [rows[name].tolist() for name in ("feed", "seq", "row_no", "person_key", "happened_on")]
    for feed, seq, row, person, on, amount in zip(*columns, rows["amount"].astype(float).tolist(), strict=True):
        yield {
            "feed": feed, "delivery": int(seq), "row": int(row), "person": int(person),
            "on": on.isoformat() if isinstance(on, date) else None, "amount": None if amount != amount else amount,
        }  # fmt: skip
