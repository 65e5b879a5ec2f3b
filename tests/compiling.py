"""What SQLAlchemy compiled is kept from test to test, as a service keeps it from request to request.

Each test opens an engine of its own, and each engine would compile every statement anew: half of what a small test of
the API cost.
"""

from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import Dialect

from monitor import database

MANY = 2_000
"""Statements kept of each kind of database, those used last: more than a process of tests comes by."""
_kept: dict[str, tuple[Dialect, Any]] = {}


def keep() -> None:
    """From here on all engines of this process for one kind of database share their dialect and what it compiled."""
    database.create_engine = _sharing  # type: ignore[attr-defined]


def _sharing(url: str, **how: Any) -> Engine:
    made = create_engine(url, query_cache_size=MANY, **how)
    kind = made.dialect.name
    dialect, compiled = _kept.setdefault(kind, (made.dialect, made._compiled_cache))
    if dialect.server_version_info is None:  # it has met no server yet and knows nothing of one
        _kept[kind] = made.dialect, made._compiled_cache
    else:
        made.dialect, made._compiled_cache = dialect, compiled
    return made
