"""The tree of official codes, dated: where a code belongs today, whatever it was called when it was written."""

from monitor.regions.codes import LEVELS, inside, level_of, pad, short
from monitor.regions.files import Place, official, read_places
from monitor.regions.store import load_regions, read_tree
from monitor.regions.tree import Canonical, Resolved, Tree

__all__ = [
    "LEVELS",
    "Canonical",
    "Place",
    "Resolved",
    "Tree",
    "inside",
    "level_of",
    "load_regions",
    "official",
    "pad",
    "read_places",
    "read_tree",
    "short",
]
