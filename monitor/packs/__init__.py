"""走访包: what a worker takes along to where there is no signal, for a time, and what becomes of it."""

from monitor.packs.keeping import MOST, State, assigned, assigned_count, end, living, make, out, revoke, state_of, wiped
from monitor.packs.sheets import Packed, Sheet, sheets

__all__ = [
    "MOST",
    "Packed",
    "Sheet",
    "State",
    "assigned",
    "assigned_count",
    "end",
    "living",
    "make",
    "out",
    "revoke",
    "sheets",
    "state_of",
    "wiped",
]
