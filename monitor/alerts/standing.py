"""Which reasons stand in an alert, kept beside it as one short text, so that a queue narrowed to a rule reads an index.

The text is ``,h:rule,c:rule,``: of each reason its direction's first letter and its rule. It is written where reasons
are, in the same transaction.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Update, bindparam, func, literal_column, select, update
from sqlalchemy.orm import Session

from monitor.alerts.changes import LIVE, Values
from monitor.tables import Alert, Reason

_AT_ONCE = 5_000


def text_of(reasons: Sequence[Mapping[str, Any]]) -> str:
    """Return what an alert with ``reasons`` keeps beside it."""
    parts = [f"{one['direction'][0]}:{one['rule']}" for one in reasons if one["status"] in LIVE]
    return f",{','.join(parts)}," if parts else ""


def part(rule: str | None, direction: str | None) -> str:
    """Return what is part of the text of an alert in which ``rule``, or any rule of ``direction``, stands."""
    if rule is None:
        return f",{(direction or '')[:1]}:"
    return f":{rule}," if direction is None else f",{direction[0]}:{rule},"


def settle(session: Session, added: Collection[Values], updates: Collection[Values]) -> None:
    """Bring the texts up to date of alerts that reasons were ``added`` to, or in which one began or ceased to stand.

    What becomes unknown stood before, and stands; an alert whose text says it already is not written again.
    """
    alerts = {row["alert_id"] for row in added}
    turned = [row["b_id"] for row in updates if row.get("status", "unknown") != "unknown"]
    for some in _portions(turned):
        alerts |= set(session.scalars(select(Reason.alert_id).where(Reason.id.in_(some))))
    for these in _portions(sorted(alerts)):
        session.connection().execute(_brought_up_to_date(), {"these": these})


@cache
def _brought_up_to_date() -> Update:
    said = _standing()
    these = Alert.id.in_(bindparam("these", expanding=True))
    return update(Alert).where(these, Alert.standing != said).values(standing=said)


def _standing() -> Any:
    said: Any = func.substr(Reason.direction, 1, 1) + ":" + Reason.rule
    joined: Any = literal_column("','") + func.aggregate_strings(said, ",") + literal_column("','")
    chosen = select(joined).where(Reason.alert_id == Alert.id, Reason.status.in_(LIVE)).correlate(Alert)
    return func.coalesce(chosen.scalar_subquery(), "")


def _portions(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]
