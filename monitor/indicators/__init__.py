"""What can be said of a household on a date: every indicator computed from the facts known by then."""

from monitor.indicators.computing import Answered, answer, compute, compute_chunks
from monitor.indicators.evidence import draw_near, evidence, member_values, taken_back, withdrawn
from monitor.indicators.freshness import FeedState, feeds_of, freshness, heard_until
from monitor.indicators.knowledge import columns, manifest, opened

__all__ = [
    "Answered",
    "FeedState",
    "answer",
    "columns",
    "compute",
    "compute_chunks",
    "draw_near",
    "evidence",
    "feeds_of",
    "freshness",
    "heard_until",
    "manifest",
    "member_values",
    "opened",
    "taken_back",
    "withdrawn",
]
