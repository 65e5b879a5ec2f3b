"""Who may see what: the one place where it is decided.

A route declares the action it carries out, ``dependencies=[may("alert.read")]`` (``api.deps``), and nothing else: the
application refuses to be built when a route declares none. ``require`` looks the action up in ``POLICY`` for the
viewer's role; ``scope`` cuts a statement to the viewer's region, for reads, writes, counts, search, exports, bulk,
reports and files alike. A new kind of act gets a line in ``monitor/access/policy.py`` and the same line in
``monitor/decisions/0020-who-may-see-what.md``, from which the matrix in ``tests/`` judges every route.
"""

from monitor.access.accounts import add_worker
from monitor.access.policy import (
    ACTIONS,
    POLICY,
    ROLES,
    SEPARATE,
    TITLES,
    Relation,
    relation,
    require,
    require_proof,
)
from monitor.access.reach import DEPARTMENT, NATION, Viewer, scope, shorten, visible, wall, within
from monitor.access.tokens import sign_in

__all__ = [
    "ACTIONS",
    "DEPARTMENT",
    "NATION",
    "POLICY",
    "ROLES",
    "SEPARATE",
    "TITLES",
    "Relation",
    "Viewer",
    "add_worker",
    "relation",
    "require",
    "require_proof",
    "scope",
    "shorten",
    "sign_in",
    "visible",
    "wall",
    "within",
]
