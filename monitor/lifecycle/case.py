"""The table of a case's life: from a confirmed risk to its removal, and a year beyond. No machine ever ends one."""

from monitor.lifecycle import guards
from monitor.lifecycle.edges import BEFORE, COUNTY, MACHINE, NEW, STAFF, TOWNSHIP, Edge, Machine, named, staying, to

_STATES = {
    "planning": ("制定方案", "a plan is being made"),
    "notice": ("公示中", "on public notice"),
    "helping": ("帮扶中", "being helped"),
    "removal": ("拟消除风险", "removal of the risk proposed"),
    "removal_notice": ("消除公示中", "removal on public notice"),
    "removed": ("风险已消除", "risk removed, later checks to come"),
    "questioned": ("存疑待核", "what it rests on is in doubt"),
    "ended": ("已结案", "ended"),
    "annulled": ("已撤销", "opened in error"),
}
_LIVING = tuple(state for state in _STATES if state not in ("ended", "annulled"))
_HELPED = ("planning", "notice", "helping", "removal", "removal_notice")
_GONE = frozenset({"DEAD", "MOVED", "REFUSE", "LOST", "PRISON"})
_WRONG = frozenset({"ERR_ID", "ERR_WITHDRAWN", "ERR_AMT", "ERR_STALE", "DUP"})
_NOTICE = ("notice_from", "notice_until")

CASE = Machine(
    "case",
    _STATES,
    frozenset({"ended", "annulled"}),
    named({
        "open": Edge("建立帮扶个案", "open a case", "opened", to("planning", NEW), STAFF),
        "plan": Edge("调整方案", "change the plan", "planned", staying(_HELPED), STAFF),
        "publish": Edge(
            "公示", "put on public notice", "published", to("notice", "planning"), TOWNSHIP, sets=_NOTICE,
            guard=guards.notice_dates,
        ),
        "object": Edge(
            "公示有异议", "take an objection", "objected", to("planning", "notice") | to("helping", "removal_notice"),
            TOWNSHIP, needs_why=True,
        ),
        "adopt": Edge(
            "方案生效", "adopt the plan", "adopted", to("helping", "planning", "notice"), TOWNSHIP,
            guard=guards.planned,
        ),
        "propose": Edge(
            "提出风险消除", "propose removal", "proposed", to("removal", "helping"), TOWNSHIP, needs_why=True,
            sets=("removal",), guard=guards.standard_met,
        ),
        "appraise": Edge(
            "民主评议并公示", "appraise and put on notice", "appraised", to("removal_notice", "removal"), TOWNSHIP,
            sets=_NOTICE, guard=guards.notice_dates,
        ),
        "refuse": Edge(
            "不同意消除", "refuse removal", "refused", to("helping", "removal", "removal_notice"), COUNTY,
            needs_why=True,
        ),
        "remove": Edge(
            "批准风险消除", "approve removal", "removed", to("removed", "removal_notice"), COUNTY, sets=("removed_on",),
            guard=guards.approved_by_another, outside=True,
        ),
        "check": Edge("回访", "check later", "checked", staying(("removed",)), STAFF),
        "relapse": Edge("返困", "fall back", "relapsed", to("helping", "removed"), STAFF, needs_why=True, outside=True),
        "finish": Edge(
            "回访期满结案", "finish", "ended", to("ended", "removed"), TOWNSHIP, needs_why=True,
            guard=guards.checks_done, outside=True,
        ),
        "end": Edge(
            "终止帮扶", "end", "ended", to("ended", *_LIVING), TOWNSHIP, needs_why=True, codes=_GONE, outside=True,
        ),
        "question": Edge(
            "存疑", "question", "questioned", to("questioned", *_HELPED, "removed"), COUNTY | {MACHINE}, needs_why=True,
            guard=guards.keep_place, outside=True,
        ),
        "uphold": Edge(
            "核实后维持", "uphold", "upheld", to(BEFORE, "questioned"), TOWNSHIP, needs_why=True, guard=guards.resume,
        ),
        "annul": Edge(
            "撤销个案", "annul", "annulled", to("annulled", "planning", "questioned"), COUNTY, needs_why=True,
            codes=_WRONG, outside=True,
        ),
        "withdraw": Edge("随核查撤回", "take back with its visit", "withdrawn", to("annulled", "planning"), STAFF),
    }),
)  # fmt: skip
