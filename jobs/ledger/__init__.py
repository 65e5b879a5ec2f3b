"""The ledger: who may work on a run, until when, and what became of it.

One row for each job, logical date and scope. Whoever takes a run holds a lease, by the database's clock alone,
and a fence that grows with every taking: each transaction of the run begins by looking whether the fence is
still the holder's own, and ends by writing how far it came. So nothing is lost, nothing is done twice, and a
holder that was thought dead and wakes up writes nothing.
"""

from jobs.ledger.chunks import commit, finish
from jobs.ledger.entries import UNFINISHED, WELL, find, hold, miss, not_begun, recent, release, request
from jobs.ledger.lease import MOST_TRIES, Busy, Fenced, Lease, Stopped, broken_off, bury, orphans, renew, take
from jobs.ledger.owners import is_dead, this_process
from jobs.ledger.watching import missed, overrun, set_aside, stuck

__all__ = [
    "MOST_TRIES",
    "UNFINISHED",
    "WELL",
    "Busy",
    "Fenced",
    "Lease",
    "Stopped",
    "broken_off",
    "bury",
    "commit",
    "find",
    "finish",
    "hold",
    "is_dead",
    "miss",
    "missed",
    "not_begun",
    "orphans",
    "overrun",
    "recent",
    "release",
    "renew",
    "request",
    "set_aside",
    "stuck",
    "take",
    "this_process",
]
