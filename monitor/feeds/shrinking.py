"""What a full list leaves out: facts end and alerts clear on its silence alone, so much of it waits for a person."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.feeds.agreed import REGISTER
from monitor.feeds.drafts import Desk, Draft
from monitor.feeds.facts import damaged, keyed
from monitor.feeds.problems import Problem
from monitor.feeds.storing import refs
from monitor.tables import Member

ABSENT_SHARE = 0.2
ABSENT_FROM = 12


def left_out(desk: Desk, session: Session, draft: Draft) -> Iterator[Problem]:
    """Yield why a full list must wait: too much of what stands is not in it.

    A manifest that states both the rows and the SHA-256 vouches that the list is whole. A row with an error
    counts as there: it ends nothing.
    """
    if draft.checked.mode != "full" or (draft.terms.vouched and draft.terms.rows is not None):
        return
    standing, absent = _members(session, draft) if draft.feed == REGISTER else _facts(desk, session, draft)
    if absent >= ABSENT_FROM and absent > ABSENT_SHARE * standing:
        yield Problem(
            "held_left_out",
            f"现有 {standing} 条记录中有 {absent} 条不在这份全量名单里，可能被截断；"
            "请核对，或附上写明 rows 与 sha256 的清单",
            f"{absent} of the {standing} records that stand are not in this full list, which may be cut short: "
            "check it, or send it with a manifest of its rows and sha256",
            "held",
        )


def _facts(desk: Desk, session: Session, draft: Draft) -> tuple[int, int]:
    """How many facts stand, and how many of them the list does not name."""
    standing = desk.lake.live_keys(draft.feed, tuple(refs(session, draft.feed)))
    if not draft.checked.whole:
        return len(standing), len(standing)
    told = draft.checked, draft.identified, desk.service.keyring.fact_key
    named = np.concatenate([(draft.known or keyed(*told)).keys, damaged(*told).keys])
    return len(standing), len(standing) - pc.is_in(standing, value_set=pa.array(named)).true_count


def _members(session: Session, draft: Draft) -> tuple[int, int]:
    """The register's people are known only once it is stored, so its lines are counted."""
    standing = session.scalar(select(func.count()).select_from(Member).where(Member.until_on.is_(None))) or 0
    return standing, max(standing - draft.checked.whole, 0)
