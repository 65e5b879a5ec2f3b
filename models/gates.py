"""Every gate of the goal table, judged in one go.

Nothing is taken on trust: a gate whose table was not given has not enough evidence, and that is never a pass.
"""

from collections.abc import Iterable

from models import ranked, steady
from models.goals import NAMES, REACHED, Evidence, Gate

HARD = ("G1", "G2", "G4", "G7", "G8", "G10", "G14", "G16", "promotion")


def judge(evidence: Evidence) -> list[Gate]:
    """Return every gate, G1 to G16 and the rule of promotion, in that order; the same evidence gives the same."""
    measured = {**ranked.GATES, **steady.GATES}
    return [measured[name](evidence) for name in NAMES]


def holding(gates: Iterable[Gate]) -> list[str]:
    """Return the hard gates that hold a promotion: those failed, without enough evidence, or not judged at all."""
    told = {gate.id: gate.gate for gate in gates}
    return [name for name in HARD if told.get(name) != REACHED]


def shows_probability(gates: Iterable[Gate]) -> bool:
    """Say whether a calibrated probability may be shown (G6); else only the rank is."""
    return any(gate.id == "G6" and gate.gate == REACHED for gate in gates)
