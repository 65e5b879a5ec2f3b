"""Who may see what: the one place where it is decided.

A route declares the action it carries out, ``dependencies=[may("alert.read")]`` (``api.deps``), and nothing else: the
application refuses to be built when a route declares none. ``require`` looks the action up in ``POLICY`` for the
viewer's role; ``scope`` cuts a statement to the viewer's region, for reads, writes, counts, search, exports, bulk,
reports and files alike. A new kind of act gets a line in ``monitor/access/policy.py`` and the same line in
``monitor/decisions/0020-who-may-see-what.md``, from which the matrix in ``tests/`` judges every route.
"""

from monitor.access.accounts import add_worker, sign_in
from monitor.access.policy import ACTIONS, POLICY, ROLES, SEPARATE, Relation, relation, require
from monitor.access.reach import NATION, Viewer, scope, shorten, visible, within

__all__ = [
    "ACTIONS",
    "NATION",
    "POLICY",
    "ROLES",
    "SEPARATE",
    "Relation",
    "Viewer",
    "add_worker",
    "relation",
    "require",
    "scope",
    "shorten",
    "sign_in",
    "visible",
    "within",
]
