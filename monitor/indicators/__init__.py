"""What can be said of a household on a date: every indicator computed from the facts known by then."""

from monitor.indicators.computing import compute, compute_chunks
from monitor.indicators.freshness import FeedState, feeds_of, freshness

__all__ = ["FeedState", "compute", "compute_chunks", "feeds_of", "freshness"]
