"""Small counts kept from whoever reads an export: no cell of fewer than k, and none that subtraction gives away."""

from collections import defaultdict
from collections.abc import Mapping

from monitor.errors import Invalid

LEAST = 5
USUAL = 10


def hidden(counts: Mapping[str, int], parents: Mapping[str, str | None], *, k: int = USUAL) -> set[str]:
    """Return the cells that must not be shown, of a tree whose every cell counts the rows below it.

    ``parents`` names the cell above each, None for the root. Hidden are the cells of 1 to k-1 rows, as many of their
    neighbours as it takes that what is hidden below one cell is at least two cells and k rows, and everything below
    a hidden cell. A cell of nothing is shown: it tells of nobody.
    """
    if k < LEAST:
        raise Invalid(zh=f"k 不得小于{LEAST}", en=f"k is at least {LEAST}")
    below: dict[str | None, list[str]] = defaultdict(list)
    for cell, parent in parents.items():
        below[parent].append(cell)
    found: set[str] = set()
    waiting = list(below[None])
    found |= {cell for cell in waiting if 0 < counts[cell] < k}
    while waiting:
        cell = waiting.pop()
        under = below[cell]
        found |= {one for one in under if counts[one]} if cell in found else _among(under, counts, k)
        waiting.extend(under)
    return found


def _among(cells: list[str], counts: Mapping[str, int], k: int) -> set[str]:
    """Neighbours under one cell that is shown: they add up to it."""
    small = [cell for cell in cells if 0 < counts[cell] < k]
    others = sorted((cell for cell in cells if counts[cell] >= k), key=lambda cell: (counts[cell], cell))
    while small and others and (len(small) < 2 or sum(counts[cell] for cell in small) < k):
        small.append(others.pop(0))
    return set(small)
