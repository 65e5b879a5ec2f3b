"""What a table to learn from may never hold: each rule refuses the table that breaks it, naming the rule.

The numbers LR1 to LR8 are those of the method; what needs a model to be seen is refused where models are trained.
"""

from collections.abc import Iterable

import pandas as pd

from monitor.errors import Invalid
from monitor.learning.features import OF_DECISIONS, Features
from monitor.learning.known import DECISIONS, Archive, Known
from monitor.policy.vocabulary import CATEGORIES

_BESIDE = frozenset({
    "signs", "signs_unknown", "sign_level", "rule_order", "unknown", "feeds_linked", "members_living",
    "monthly_income_per_head",
})  # fmt: skip
_PREFIXES = ("linked__", "since__", "category__")


def _refuse(rule: str, *, zh: str, en: str) -> Invalid:
    return Invalid(zh=f"{rule}：{zh}", en=f"{rule}: {en}")


def refuse_late(source: Archive, seen: Iterable[Known]) -> None:
    """LR1, LR3: refuse what rests on a delivery that arrived after its date, or after that date's scan had begun."""
    for one in seen:
        late = sorted(d.feed for d in one.manifest if d.known_on > one.as_of)
        after = sorted(d.feed for d in one.manifest if source.missed_night(d, one.as_of))
        if late or after:
            feeds, rule = ", ".join(dict.fromkeys([*late, *after])), "LR1" if late else "LR3"
            raise _refuse(rule, zh=f"{one.as_of} 用了之后到达的批次：{feeds}", en=f"{one.as_of} saw later {feeds}")


def refuse_outcomes(features: Features, now: Known) -> None:
    """LR2, LR4: refuse a column that is no indicator, and one that reads more of a decision than that it was made."""
    for name in map(str, features.table):
        base = name.rpartition("__d")[0] if name.rpartition("__d")[2].isdigit() else name
        if base not in now.law.indicators and base not in _BESIDE and not base.startswith(_PREFIXES):
            raise _refuse("LR2", zh=f"列 {name} 不来自监测指标", en=f"the column {name} is not made from indicators")
        if DECISIONS in features.sources.get(name, ()) and base not in OF_DECISIONS:
            raise _refuse("LR4", zh=f"列 {name} 取自审批内容", en=f"the column {name} reads what a decision says")


def refuse_hindsight(features: Features, now: Known) -> None:
    """LR6, LR7: refuse a category or a place that is not the one known on the date."""
    for name, rule in (("category", "LR6"), ("region", "LR7"), ("county", "LR7"), ("town", "LR7")):
        stood = now.table[name].astype("string")
        if not features.places[name].astype("string").fillna("").eq(stood.fillna("")).all():
            raise _refuse(rule, zh=f"{name} 不是 {now.as_of} 当日所知", en=f"{name} is not as known on {now.as_of}")
    for word in CATEGORIES:
        flag = features.table.get(f"category__{word}")
        stands = (now.table["category"] == word).fillna(False).astype(bool)
        if flag is not None and not (flag > 0).eq(stands).all():
            raise _refuse("LR6", zh=f"救助类别不是 {now.as_of} 当日所知", en=f"not the category known on {now.as_of}")


def lineage(seen: Iterable[Known]) -> pd.Series:
    """Return one number for all households that ever shared a member: what was merged or split is one household."""
    pairs = pd.concat([one.members[["household_key", "person_key"]] for one in seen]).drop_duplicates()
    group = pairs["household_key"]
    while True:
        by_person = group.groupby(pairs["person_key"]).transform("min")
        smaller = by_person.groupby(pairs["household_key"]).transform("min")
        if smaller.equals(group):
            break
        group = smaller
    return group.groupby(pairs["household_key"]).first().rename("lineage")


def refuse_kin_apart(folds: pd.Series, seen: Iterable[Known]) -> None:
    """LR8: refuse folds (by household key) that part households which shared a member."""
    by = lineage(seen).reindex(folds.index)
    parted = folds.groupby(by).nunique()
    if (parted > 1).any():
        count = int((parted > 1).sum())
        raise _refuse("LR8", zh=f"{count} 组合并或分出的户被分到不同折", en=f"{count} split households parted")
