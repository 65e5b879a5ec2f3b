"""The supervisors' numbers: by area and stage, never by named worker, each defined once, each counted to its rows."""

from monitor.reports.anonymity import hidden
from monitor.reports.counting import Asked, Cell, as_known_at, cells, count_rows, figure_of, households, rows, total
from monitor.reports.figures import FIGURES, Figure
from monitor.reports.tracking import follow
from monitor.reports.weekly import Week, weeks

__all__ = [
    "FIGURES",
    "Asked",
    "Cell",
    "Figure",
    "Week",
    "as_known_at",
    "cells",
    "count_rows",
    "figure_of",
    "follow",
    "hidden",
    "households",
    "rows",
    "total",
    "weeks",
]
