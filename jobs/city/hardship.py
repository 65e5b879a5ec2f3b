"""How hard a city's times are: the knobs of hardship that nobody is told, and what is true of it month by month.

``CALM`` is the demo's city. ``HARD`` is the one that a score is tried on: a slump that strikes many at once, people
whom the insurance never links, income that is not declared, and households whom somebody knew about and brought in.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.integer]


LASTS = 6
HORIZON = 6
"""Months within which a household that is not poor may fall."""


@dataclass(frozen=True)
class Hardship:
    """``macro``: by how much jobs are lost more easily once the shock has come, at ``shock_at`` of the period.

    ``slump``: the share of households whose income path then falls by ``depth`` a month for ``LASTS`` months.
    ``unlinked``: people whose medical records reach nobody; ``together``: all of a household or none. ``illness``: what
    an illness costs, as a multiple. ``unrest``: how far a month moves income. ``undeclared``: households whose income
    is never told.
    ``brought_in``: the chance a month that a village cadre, who knows a poor household, brings its application.
    ``reach``: the share of applications that are granted.
    """

    macro: float = 2.2
    shock_at: float = 2 / 3
    slump: float = 0.0
    depth: float = 0.0
    unlinked: float = 0.03
    together: bool = False
    illness: float = 1.0
    unrest: float = 0.20
    undeclared: float = 0.012
    brought_in: float = 0.0
    reach: float = 0.68

    def shock(self, months: int) -> int:
        """Return the month of the shock, counted from the first month of facts."""
        return int(months * self.shock_at)


CALM = Hardship()
HARD = Hardship(
    macro=3.0, slump=0.35, depth=0.15, unlinked=0.20, together=True, illness=1.5, unrest=0.26, undeclared=0.20,
    brought_in=0.05, reach=0.85,
)  # fmt: skip


def slump(hardship: Hardship, path: Floats, since: int, chance: np.random.Generator) -> Floats:
    """Return the income paths ``since`` months after the shock; ``chance`` strikes the same households each month."""
    if hardship.slump <= 0 or not 0 <= since < LASTS:
        return path
    struck = chance.random(len(path)) < hardship.slump
    return np.where(struck, path - hardship.depth, path).astype(np.float32)


def falls(poor: Flags, later: Flags) -> Flags:
    """Return who was not poor and is at the later month: what every model of this city tries to see coming."""
    return np.asarray(~poor & later)
