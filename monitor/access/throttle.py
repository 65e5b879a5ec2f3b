"""Failed attempts, counted in the database: progressive delay, then a lock of half an hour.

They are counted under what was typed, whether or not there is such an account, so a lock tells nobody who exists. A
source that the account signed in from before has a count of its own: others cannot lock the owner out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from monitor.errors import Throttled
from monitor.privacy import Keyring
from monitor.tables import Attempt

LOCK = timedelta(minutes=30)
ACCOUNT_FAILURES = 5
SOURCE_FAILURES = 100
_FREE = 2


@dataclass(frozen=True)
class Keys:
    """Under which attempts are counted: keyed digests of the account, the source, and both."""

    account: bytes
    source: bytes
    both: bytes


def keys_of(keyring: Keyring, login: str, source: str) -> Keys:
    """Return the keys of an attempt on ``login`` (folded) from ``source`` (an address)."""
    return Keys(
        keyring.blind_index(f"attempt/account/{login}"),
        keyring.blind_index(f"attempt/source/{source}"),
        keyring.blind_index(f"attempt/both/{login}/{source}"),
    )


def reserve(session: Session, keys: Keys, *, known: bool, now: datetime) -> None:
    """Count an attempt as failed before it is looked at, so that a thousand at once are a thousand.

    Refuses one that comes too early. ``known``: the account signed in from this source before. ``forgive`` takes a
    good one back.
    """
    wanted = {keys.both: ACCOUNT_FAILURES, keys.source: SOURCE_FAILURES}
    if not known:
        wanted[keys.account] = ACCOUNT_FAILURES
    rows = {key: session.get(Attempt, key, with_for_update=True) for key in sorted(wanted)}
    waits = [row.blocked_until for row in rows.values() if row and row.blocked_until and row.blocked_until > now]
    if waits:
        raise Throttled(int((max(waits) - now).total_seconds()) + 1)
    for key, row in rows.items():
        _count(session, row or Attempt(key=key, failures=0, last_at=now), most=wanted[key], now=now)


def forgive(session: Session, keys: Keys) -> None:
    """Forget the failures of an account that has now proved itself; the source keeps its count."""
    session.execute(delete(Attempt).where(Attempt.key.in_((keys.account, keys.both))))
    source = session.get(Attempt, keys.source, with_for_update=True)
    if source is not None:
        source.failures, source.blocked_until = max(0, source.failures - 1), None


def sweep(session: Session, *, now: datetime) -> None:
    """Delete counts that no longer hold anybody back."""
    session.execute(delete(Attempt).where(Attempt.last_at < now - LOCK))


def _count(session: Session, row: Attempt, *, most: int, now: datetime) -> None:
    if now - row.last_at > LOCK:
        row.failures = 0
    row.failures, row.last_at = row.failures + 1, now
    if row.failures >= most:
        row.blocked_until = now + LOCK
    elif most == ACCOUNT_FAILURES and row.failures > _FREE:
        row.blocked_until = now + timedelta(seconds=2 ** (row.failures - _FREE - 1))
    session.add(row)
