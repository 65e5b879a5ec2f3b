"""The table of an alert's life."""

from monitor.lifecycle import guards
from monitor.lifecycle.edges import (
    BEFORE,
    COUNTY,
    DEPARTMENT,
    MACHINE,
    NEW,
    STAFF,
    TOWNSHIP,
    Edge,
    Machine,
    named,
    staying,
    to,
)

WORKED = ("open", "assigned", "visited", "returned", "reopened")
_FOUND_IN = (*WORKED, "referred", "snoozed", "suspended")
_STATES = {
    "open": ("待分派", "waits for an owner"),
    "assigned": ("待核查", "has an owner, waits for a visit"),
    "visited": ("已核查待处理", "visited, help to be settled"),
    "snoozed": ("稍后处理", "put off to a day, or until it worsens"),
    "referred": ("转办中", "a department has it"),
    "suspended": ("中止", "waits for a report, a comparison or a notice"),
    "town_review": ("待乡镇复核", "waits for the township's review"),
    "county_review": ("待县级复核", "waits for the county's review"),
    "returned": ("退回补正", "sent back to be mended"),
    "transferred": ("移交中", "handed to another region, not yet taken"),
    "reopened": ("重新打开", "opened again"),
    "closed": ("已办结", "ended by a person"),
    "annulled": ("已撤销", "ended because what it rested on fell"),
}
_LIVING = tuple(state for state in _STATES if state not in ("closed", "annulled"))
_OWNED = {"open": "assigned", "reopened": "assigned", **staying(("assigned", "visited", "returned"))}
_WRONG = frozenset({"ERR_ID", "ERR_WITHDRAWN", "ERR_AMT", "ERR_STALE", "DUP"})
_IN_A_ROW = frozenset({"ERR_ID", "ERR_AMT", "ERR_STALE"})
_AWAITED = frozenset({"AWAIT_REPORT", "AWAIT_COMPARISON", "AWAIT_NOTICE"})
_PAUSE = ("paused_until", "wakes_on_worse")
_SEEN = ("contacted_on", "visited_on")

ALERT = Machine(
    "alert",
    _STATES,
    frozenset({"closed", "annulled"}),
    named({
        "raise": Edge("发出预警", "raise", "raised", to("open", NEW), frozenset({MACHINE}), outside=True),
        "assign": Edge(
            "分派", "assign", "assigned", _OWNED | staying(("referred", "snoozed", "suspended")), TOWNSHIP | {MACHINE},
            sets=("owner_id",), guard=guards.owner_given, undoable=True,
        ),
        "claim": Edge("认领", "claim", "claimed", _OWNED, STAFF, guard=guards.unowned, undoable=True),
        "release": Edge(
            "放回", "release", "released", to("open", "assigned") | staying(("visited", "returned", "reopened")), STAFF,
            guard=guards.nobody, undoable=True,
        ),
        "note": Edge("备注", "note", "noted", staying(_LIVING), STAFF),
        "snooze": Edge(
            "稍后处理", "snooze", "snoozed", to("snoozed", *WORKED), STAFF, needs_why=True, sets=_PAUSE,
            guard=guards.pause, undoable=True,
        ),
        "suspend": Edge(
            "中止", "suspend", "suspended", to("suspended", *WORKED), TOWNSHIP, needs_why=True, codes=_AWAITED,
            sets=("paused_until",), guard=guards.pause, undoable=True,
        ),
        "resume": Edge(
            "恢复", "resume", "resumed", to(BEFORE, "snoozed", "suspended"), STAFF | {MACHINE}, guard=guards.resume,
        ),
        "refer": Edge(
            "转办", "refer", "referred", to("referred", *WORKED, "referred"), TOWNSHIP, needs_why=True,
            guard=guards.keep_place, outside=True,
        ),
        "dispute": Edge(
            "提请更正数据", "ask for the data to be corrected", "disputed", staying(_LIVING), TOWNSHIP, needs_why=True,
            codes=_IN_A_ROW, outside=True,
        ),
        "settle": Edge(
            "转办办结", "settle the referrals", "settled", to(BEFORE, "referred"),
            STAFF | {DEPARTMENT, MACHINE}, guard=guards.answered,
        ),
        "hand_over": Edge(
            "移交", "hand over", "handed_over", to("transferred", *WORKED), TOWNSHIP, needs_why=True, sets=("region",),
            guard=guards.another_region, undoable=True,
        ),
        "take_over": Edge(
            "接收", "take over", "taken_over", to("open", "transferred"), TOWNSHIP, guard=guards.arrived,
        ),
        "decline": Edge(
            "退回移交", "decline", "declined", to("returned", "transferred"), TOWNSHIP, needs_why=True,
            guard=guards.back_home,
        ),
        "visit": Edge(
            "登记核查", "record a visit", "followed_up", to("visited", *_FOUND_IN), STAFF, sets=_SEEN,
            guard=guards.pause_over, outside=True, undoable=True,
        ),
        "miss": Edge(
            "登记未联系上", "record a visit to nobody", "followed_up", staying(_FOUND_IN), STAFF, sets=_SEEN,
            outside=True, undoable=True,
        ),
        "submit": Edge(
            "提交复核", "submit for review", "submitted", to("town_review", *_FOUND_IN), STAFF, needs_why=True,
            sets=("review_of", *_SEEN), guard=guards.reviewed, undoable=True,
        ),
        "pass_up": Edge(
            "报县级复核", "pass on to the county", "passed_up", to("county_review", "town_review"), TOWNSHIP,
            guard=guards.four_eyes,
        ),
        "approve": Edge(
            "乡镇复核通过", "approve for the township", "closed", to("closed", "town_review"), TOWNSHIP, needs_why=True,
            guard=guards.four_eyes, outside=True,
        ),
        "approve_county": Edge(
            "县级复核通过", "approve for the county", "closed", to("closed", "county_review"), COUNTY, needs_why=True,
            guard=guards.four_eyes, outside=True,
        ),
        "send_back": Edge(
            "退回补正", "send back", "sent_back", to("returned", "town_review"), TOWNSHIP, needs_why=True,
        ),
        "send_back_county": Edge(
            "县级退回补正", "send back from the county", "sent_back", to("returned", "county_review"), COUNTY,
            needs_why=True,
        ),
        "close": Edge(
            "办结", "close", "closed", to("closed", *_FOUND_IN), STAFF, sets=_SEEN, needs_why=True,
            guard=guards.pause_over, outside=True, undoable=True,
        ),
        "annul": Edge(
            "撤销", "annul", "annulled", to("annulled", *_LIVING), COUNTY | {MACHINE}, needs_why=True, codes=_WRONG,
            guard=guards.pause_over, outside=True,
        ),
        "reopen": Edge(
            "重新打开", "reopen", "reopened", to("reopened", "closed", "annulled"), COUNTY | {MACHINE}, needs_why=True,
            guard=guards.none_open, outside=True,
        ),
        "undo": Edge("撤回操作", "take back", "undone", to(BEFORE, *_STATES), STAFF, guard=guards.undone, outside=True),
    }),
)  # fmt: skip
