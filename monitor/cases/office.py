"""Where acts are recorded: the keys, the day, and the policy that says what is reviewed and for how long shown."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.access import Viewer, scope
from monitor.errors import NotFound, Stale
from monitor.policy import Policy
from monitor.privacy import Keyring
from monitor.tables import Alert, Case, Household


@dataclass(frozen=True)
class Office:
    """The keys to write with, the city's day, and the policy in force; without one nothing is reviewed."""

    keyring: Keyring
    today: date
    law: Policy | None = None

    def amount(self, name: str, *, region: str | None = None, category: str | None = None) -> float | None:
        """Return a parameter's amount in force; None where there is none, or no policy."""
        if self.law is None or name not in self.law.parameters:
            return None
        return self.law.resolved.amount(name, region, category)

    def sampled(self, name: str, subject: uuid.UUID, *, region: str) -> bool:
        """Whether ``subject`` falls in the share ``review.<name>``: by its id, so that asking again says the same."""
        share = self.amount(f"review.{name}", region=region) or 0.0
        drawn = int.from_bytes(hashlib.sha256(name.encode() + subject.bytes).digest()[:6], "big")
        return drawn < share * 2**48


def alert_for(session: Session, alert_id: uuid.UUID, viewer: Viewer) -> Alert:
    """Return the alert, held until the transaction ends; absent and not the viewer's are the same refusal."""
    found = session.scalar(scope(select(Alert).where(Alert.id == alert_id), viewer).with_for_update())
    if found is None:
        raise NotFound(zh="没有这条预警，或不在您的管辖范围", en="there is no such alert in your region")
    return found


def case_for(session: Session, case_id: uuid.UUID, viewer: Viewer, *, hold: bool = True) -> Case:
    """Return the case, held until the transaction ends if ``hold``; absent and not yours are the same refusal."""
    chosen = select(Case).join(Household, Household.id == Case.household_id).where(Case.id == case_id)
    chosen = scope(chosen, viewer, of=Household)
    found = session.scalar(chosen.with_for_update(of=Case) if hold else chosen)
    if found is None:
        raise NotFound(zh="没有这个帮扶个案，或不在您的管辖范围", en="there is no such case in your region")
    return found


def case_as_seen(session: Session, case_id: uuid.UUID, viewer: Viewer, *, expected: int) -> Case:
    """Return the case as ``case_for`` does, held; one that changed since the viewer saw ``expected`` is stale."""
    found = case_for(session, case_id, viewer)
    if found.version != expected:
        raise Stale(found.version)
    return found


def case_of(session: Session, household: int) -> Case | None:
    """Return the household's case that has not ended, held until the transaction ends; None without one."""
    chosen = select(Case).where(Case.household_id == household, Case.closed_at.is_(None)).with_for_update()
    return session.scalar(chosen)
