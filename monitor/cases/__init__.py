"""What workers found and did: visits, reviews, cases with their plans, referrals; the labels to learn from."""

from monitor.cases.codes import FINDINGS, REASON_CODES, WAYS, Finding
from monitor.cases.office import Office
from monitor.cases.visits import Recorded, Visit, record, record_follow_up

__all__ = [
    "FINDINGS",
    "REASON_CODES",
    "WAYS",
    "Finding",
    "Office",
    "Recorded",
    "Visit",
    "record",
    "record_follow_up",
]
