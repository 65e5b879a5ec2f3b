"""The life of an alert and of a case: the one place that says how they may change, and changes them."""

from monitor.lifecycle.alert import ALERT, WORKED
from monitor.lifecycle.case import CASE
from monitor.lifecycle.edges import MACHINE, NEW, Edge, Machine
from monitor.lifecycle.guards import awake
from monitor.lifecycle.moving import (
    UNDO_WITHIN,
    Moved,
    Step,
    begin,
    last_step,
    leap,
    machine_of,
    may,
    move,
    move_each,
    open_from,
    undo,
    undo_each,
)

__all__ = [
    "ALERT",
    "CASE",
    "MACHINE",
    "NEW",
    "UNDO_WITHIN",
    "WORKED",
    "Edge",
    "Machine",
    "Moved",
    "Step",
    "awake",
    "begin",
    "last_step",
    "leap",
    "machine_of",
    "may",
    "move",
    "move_each",
    "open_from",
    "undo",
    "undo_each",
]
