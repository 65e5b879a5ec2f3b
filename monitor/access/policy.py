"""The policy: for each action and role, the relation in which the thing acted on must stand to the viewer.

``within``: it lies in the viewer's region; ``all``: wherever it lies, or it belongs to no region; ``self``: it is the
viewer's own; ``sent``: it lies in their region and was referred to their department; ``-``: never. The page
``monitor/decisions/0020-who-may-see-what.md`` holds the same table for people to approve.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from monitor.access.reach import Viewer
from monitor.errors import Forbidden, ProofNeeded
from monitor.tables import utc_now

Relation = Literal["within", "all", "self", "sent"]
_RELATIONS: Mapping[str, Relation] = {"within": "within", "all": "all", "self": "self", "sent": "sent"}

_GRID = """
action           assistant caseworker reviewer supervisor administrator security auditor department service
alert.read       within    within     within   within     -             -        -       -          within
alert.work       within    within     within   -          -             -        -       -          -
alert.assign     -         within     within   within     -             -        -       -          -
alert.refer      -         within     within   within     -             -        -       -          -
alert.review     -         within     within   within     -             -        -       -          -
alert.undo       within    within     within   within     -             -        -       -          -
referral.read    within    within     within   within     -             -        -       sent       within
referral.answer  -         within     within   within     -             -        -       sent       -
case.read        within    within     within   within     -             -        -       -          -
case.work        -         within     within   -          -             -        -       -          -
case.review      -         within     within   within     -             -        -       -          -
household.read   within    within     within   within     -             -        -       -          -
household.why    within    within     within   within     -             -        all     -          -
person.reveal    -         within     within   within     -             -        -       -          -
visit.import     -         within     within   -          -             -        -       -          -
visit.pack       self      self       self     -          -             -        -       -          -
lead.register    within    within     within   -          -             -        -       -          -
suggestion.read  within    within     within   within     -             -        -       -          within
suggestion.decide -        within     within   within     -             -        -       -          -
form.print       -         within     within   within     -             -        -       -          -
report.read      within    within     within   within     -             -        -       -          -
report.missed    within    within     within   within     -             -        all     -          -
report.export    -         within     within   within     -             -        -       -          -
colleague.read   within    within     within   within     -             -        -       -          -
view.own         self      self       self     self       -             -        -       -          -
view.share       -         within     within   within     -             -        -       -          -
feed.read        all       all        all      all        all           -        -       -          all
delivery.send    -         -          -        all        -             -        -       -          all
delivery.decide  -         -          -        all        -             -        -       -          -
doubt.decide     -         -          -        all        -             -        -       -          -
policy.read      all       all        all      all        all           all      all     -          all
policy.write     -         -          -        all        -             -        -       -          -
run.read         all       all        all      all        all           -        -       -          all
run.start        -         -          -        all        all           -        -       -          -
metrics.read     -         -          -        all        all           -        -       -          all
webhook.write    -         -          -        -          all           -        -       -          -
account.read     -         -          -        -          all           all      all     -          -
account.write    -         -          -        -          all           -        -       -          -
role.grant       -         -          -        -          -             all      -       -          -
token.issue      -         -          -        -          -             all      -       -          -
audit.read       -         -          -        -          -             -        all     -          -
session.own      self      self       self     self       self          self     self    self       self
"""


def _read() -> tuple[tuple[str, ...], Mapping[tuple[str, str], Relation]]:
    head, *lines = [line.split() for line in _GRID.strip().splitlines()]
    cells = {(role, line[0]): cell for line in lines for role, cell in zip(head[1:], line[1:], strict=True)}
    return tuple(head[1:]), {key: _RELATIONS[cell] for key, cell in cells.items() if cell != "-"}


ROLES, POLICY = _read()
ACTIONS = tuple(dict.fromkeys(line.split()[0] for line in _GRID.strip().splitlines()[1:]))
TITLES: Mapping[str, tuple[str, str]] = {
    "assistant": ("社会救助协理员", "village assistant"),
    "caseworker": ("乡镇（街道）经办人", "township caseworker"),
    "reviewer": ("县级审核人", "county reviewer"),
    "supervisor": ("市级主管", "city supervisor"),
    "administrator": ("系统管理员", "administrator"),
    "security": ("安全管理员", "security administrator"),
    "auditor": ("审计管理员", "auditor"),
    "department": ("协同部门经办人", "clerk of another department"),
    "service": ("数据服务", "machine"),
}
SEPARATE = ("administrator", "security", "auditor")
_PART_OF = {"household.why": "household.read", "report.missed": "report.read"}
STEP_UP = frozenset({"person.reveal", "form.print", "report.export", "role.grant", "token.issue"})
PROOF_LASTS = timedelta(minutes=5)


def relation(role: str, action: str) -> Relation | None:
    """Return the relation in which ``role`` may do ``action``; None: not at all. An unknown action is a mistake."""
    if action not in ACTIONS:
        raise LookupError(action)
    return POLICY.get((role, action))


def require(viewer: Viewer, action: str) -> Relation:
    """Return the relation that the thing acted on must have to ``viewer``; refuses who may not do ``action`` at all.

    The caller still cuts what it touches by ``scope`` when the answer is ``within``, or by the worker's id when it is
    ``self``. A token is held to the actions it was issued for. What gives away most wants, of a person, a proof of who
    they are that is no older than five minutes.
    """
    found = relation(viewer.role, action)
    if found is None or not _lets(viewer.scopes, action):
        zh, en = TITLES.get(viewer.role, (viewer.role, viewer.role))
        raise Forbidden(
            zh=f"{zh}无权进行此操作；如工作需要，请安全管理员调整角色",
            en=f"a {en} may not do this; if the work needs it, ask the security administrator for another role",
        )
    if action in STEP_UP and viewer.session is not None:
        require_proof(viewer)
    return found


def _lets(scopes: frozenset[str] | None, action: str) -> bool:
    """Whether what a token was issued for covers ``action``: what was given whole was given in its parts."""
    return scopes is None or action in scopes or _PART_OF.get(action) in scopes


def require_proof(viewer: Viewer) -> None:
    """Refuse a person whose last proof of who they are is older than five minutes."""
    if viewer.proved_at is None or utc_now() - viewer.proved_at > PROOF_LASTS:
        raise ProofNeeded(
            zh="此操作须再次验证身份：请在 POST /api/v1/session/proof 输入密码（和动态码）后重试",
            en="this wants a fresh proof of who you are: POST password (and code) to /api/v1/session/proof, then again",
        )
