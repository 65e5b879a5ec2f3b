"""The words of casework: ways to visit, what may be found, and the reason codes of the outcome catalogue."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

WAYS: Mapping[str, tuple[str, str]] = {
    "home": ("入户", "home visit"),
    "phone": ("电话", "telephone"),
    "video": ("视频", "video call"),
    "office": ("来访", "at the office"),
}
PROGRAMS: Mapping[str, tuple[str, str]] = {
    "dibao": ("最低生活保障金", "subsistence allowance (dibao)"),
    "tekun": ("特困供养金", "support of the destitute (tekun)"),
    "orphan": ("孤儿基本生活费", "living allowance of orphans"),
    "disability_living": ("困难残疾人生活补贴", "living subsidy for disabled people in hardship"),
    "disability_nursing": ("重度残疾人护理补贴", "nursing subsidy for severely disabled people"),
    "temporary": ("临时救助", "temporary assistance"),
    "elder": ("高龄津贴", "old-age allowance"),
}
REASON_CODES: Mapping[str, tuple[str, str]] = {
    "IN_DB": ("纳入低保", "taken into dibao"),
    "IN_DB1": ("单人户纳入低保", "one person taken into dibao"),
    "IN_TK": ("纳入特困供养", "taken into tekun support"),
    "IN_BY": ("纳入低保边缘", "recognised as near-dibao"),
    "IN_GZ": ("纳入刚性支出困难", "recognised for rigid expenditure"),
    "IN_FP": ("纳入防止返贫监测", "taken into anti-poverty monitoring"),
    "LS_J": ("临时救助（急难型）", "temporary assistance, emergency"),
    "LS_Z": ("临时救助（支出型）", "temporary assistance, expenditure"),
    "UP_AMT": ("增发救助金", "amount raised"),
    "DOWN_AMT": ("减发救助金", "amount lowered"),
    "STOP": ("停发救助金", "payment stopped"),
    "GRACE": ("救助渐退", "leaving by steps"),
    "CAT_CHG": ("救助类别变更", "category changed"),
    "RF_MED": ("转医疗救助", "referred: medical assistance"),
    "RF_EDU": ("转教育救助", "referred: education"),
    "RF_HOU": ("转住房救助", "referred: housing"),
    "RF_EMP": ("转就业援助", "referred: work"),
    "RF_DIS": ("转残疾人两补/康复", "referred: disability"),
    "RF_DST": ("转受灾救助", "referred: disaster relief"),
    "RF_CHD": ("转困境儿童保障", "referred: children"),
    "RF_ELD": ("转养老/探访服务", "referred: elderly care"),
    "RF_CHA": ("转慈善帮扶", "referred: charity"),
    "RF_UNI": ("转工会帮扶", "referred: union"),
    "RF_VET": ("转退役军人帮扶", "referred: veterans"),
    "RF_LAW": ("转法律援助", "referred: legal aid"),
    "RF_AGR": ("转农业农村帮扶", "referred: rural support"),
    "RF_PSY": ("转心理服务", "referred: counselling"),
    "AL_ENJ": ("已享受同类救助", "already receives the like"),
    "NE_INC": ("收入超标准", "income above the standard"),
    "NE_ASS": ("财产超标准", "assets above the standard"),
    "NE_SUP": ("赡养人有能力", "supporters are able"),
    "NE_SHORT": ("困难已缓解", "the hardship has passed"),
    "NE_PROG": ("不符合项目条件", "no programme fits"),
    "REFUSE": ("本人放弃", "declined in writing"),
    "COMP_PAID": ("已有保险或第三方赔付", "insured or compensated"),
    "PRISON": ("服刑", "in prison"),
    "LOST": ("失联（三次以上）", "lost after three attempts"),
    "MOVED": ("迁出/人户分离", "moved away"),
    "DEAD": ("死亡", "died"),
    "DUP": ("重复预警", "duplicate alert"),
    "ERR_ID": ("错人", "wrong person"),
    "ERR_AMT": ("金额错误", "wrong amount"),
    "ERR_STALE": ("数据过时", "outdated data"),
    "ERR_WITHDRAWN": ("来源部门撤回", "taken back by its agency"),
    "WATCH": ("继续观察", "keep watching"),
    "KEEP_EXEMPT": ("属豁免情形，继续保障", "exempt, stays"),
    "KEEP_VERIFIED": ("核实后继续保障", "verified, stays"),
    "ADJUST": ("调整救助", "adjusted"),
    "RECOVER": ("追缴", "recovered"),
    "REPORT": ("移交处理", "handed to the authorities"),
}
SENT_BACK: Mapping[str, tuple[str, str]] = {
    "BACK_VISIT": ("须入户核实", "to be visited in person"),
    "BACK_FACTS": ("事实未核清", "facts not settled"),
    "BACK_PAPERS": ("材料或照片不全", "papers or photos missing"),
    "BACK_FINDING": ("结论与情况不符", "the finding does not fit"),
}
PAUSED: Mapping[str, tuple[str, str]] = {
    "KNOWN_CAUSE": ("原因已知，短期内不会变化", "its cause is known and will not change soon"),
    "IN_HAND": ("正在办理，等待结果", "it is being dealt with: the result is awaited"),
    "DATA_AMENDED": ("数据有误，部门正在更正", "the data are wrong, and their agency is mending them"),
    "AGREED": ("已与该户约定到期再看", "agreed with the household to look again then"),
}
AWAITED: Mapping[str, tuple[str, str]] = {
    "AWAIT_REPORT": ("等待鉴定、诊断等报告", "a report is awaited"),
    "AWAIT_COMPARISON": ("等待经济状况核对结果", "a comparison is awaited"),
    "AWAIT_NOTICE": ("等待公示期满", "a public notice is awaited"),
}
"""What an alert that is suspended waits for."""
REOPENED: Mapping[str, tuple[str, str]] = {
    "NEW_EVIDENCE": ("有新情况或新证据", "there is new evidence"),
    "ENDED_AMISS": ("办结或撤销有误", "it was ended by mistake"),
    "COMPLAINT": ("群众反映或信访", "a complaint was made"),
    "INSPECTION": ("检查督办要求", "an inspection asks for it"),
}
"""Why the county opens an ended alert again."""
DISPUTED: Mapping[str, tuple[str, str]] = {
    "DATA_RIGHT": ("核对无误", "the data are right"),
    "NOT_OURS": ("不是本部门的数据", "not this agency's data"),
    "ASKED_AMISS": ("提请有误", "asked for by mistake"),
}
"""Why a request to correct a row ends without a correction."""
CASE_WHYS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "object": {
        "OBJ_MEANS": ("收入或财产与公示不符", "income or property is not as shown"),
        "OBJ_MEMBERS": ("家庭成员与公示不符", "the members are not as shown"),
        "OBJ_NEED": ("对是否困难有不同意见", "whether they are in hardship is contested"),
        "OBJ_OTHER": ("其他异议", "another objection"),
    },
    "refuse": {
        "REF_UNSTABLE": ("收入还不稳定", "the income is not stable yet"),
        "REF_GUARANTEES": ("保障还不落实", "a guarantee is not firm yet"),
        "REF_FACTS": ("情况未核清", "facts not settled"),
        "REF_PAPERS": ("材料不全", "papers missing"),
    },
    "relapse": {
        "RISK_BACK": ("原风险再次出现", "the risk is back"),
        "RISK_NEW": ("出现新的风险", "a new risk has come"),
    },
    "finish": {"YEAR_OVER": ("回访期满，风险稳定消除", "the year of checks is over and the risk stayed away")},
    "question": {
        "DOUBT_FACTS": ("情况可能不属实", "the facts may not be so"),
        "DOUBT_DATA": ("所依据的数据存疑", "the data it rests on are in doubt"),
        "DOUBT_HEARD": ("群众反映或信访", "heard from people or a complaint"),
        "DOUBT_AUDIT": ("检查或审计发现问题", "found by an inspection or audit"),
    },
    "uphold": {
        "SEEN_AT_HOME": ("入户核实情况属实", "seen at home: it is so"),
        "DATA_MENDED": ("数据已更正，情况属实", "the data were mended: it is so"),
        "DATA_RIGHT": ("核对无误", "the data are right"),
    },
}
"""The reasons for the steps of a case that want one and are not held to certain codes of the catalogue."""
CASE_WAYS: Mapping[str, tuple[str, str]] = {
    "BY_HELPED": ("帮扶消除", "by help"),
    "BY_NATURAL": ("自然消除", "by itself"),
}
"""How a risk went that is held to be gone."""
REFERRALS = frozenset(code for code in REASON_CODES if code.startswith("RF_"))
HELP = frozenset(code for code in REASON_CODES if code.startswith(("IN_", "LS_"))) | {
    "UP_AMT", "DOWN_AMT", "STOP", "GRACE", "CAT_CHG", "ADJUST", "RECOVER", "REPORT",
}  # fmt: skip
NO_NEED = frozenset(code for code in REASON_CODES if code.startswith("NE_")) | {
    "AL_ENJ", "REFUSE", "COMP_PAID", "PRISON", "KEEP_EXEMPT", "KEEP_VERIFIED",
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """A conclusion a worker may come to: its codes, whether one is required, whether it ends the alert.

    ``quiets`` marks a verified "no need", the only one that keeps rules quiet: after help, a move, a death or
    wrong data nobody has found that the household needs nothing.
    """

    zh: str
    en: str
    codes: frozenset[str] = frozenset()
    required: bool = True
    closes: bool = True
    quiets: bool = False


FINDINGS: Mapping[str, Finding] = {
    "confirmed": Finding("情况属实", "confirmed", REFERRALS | {"WATCH"}, required=False, closes=False),
    "partly": Finding("部分属实", "partly confirmed", REFERRALS | {"WATCH"}, required=False, closes=False),
    "helped": Finding("已落实帮扶或处理", "help given or decision carried out", HELP | REFERRALS),
    "no_need": Finding("核实无需帮扶", "verified: no need", NO_NEED, quiets=True),
    "false_alarm": Finding(
        "误报", "false alarm", frozenset({"DUP", "ERR_ID", "ERR_AMT", "ERR_STALE", "ERR_WITHDRAWN"})
    ),
    "unreachable": Finding("未联系上", "not reached", frozenset({"LOST"}), required=False, closes=False),
    "moved": Finding("已搬迁", "moved away", frozenset({"MOVED"})),
    "died": Finding("已死亡", "died", frozenset({"DEAD"})),
    "watch": Finding("继续观察", "keep watching", frozenset({"WATCH"}), closes=False),
}
MEASURES = tuple(code for code in REASON_CODES if code.startswith(("IN_", "LS_", "RF_")) or code == "UP_AMT")
"""What a visit may propose, in the order of the catalogue."""


@lru_cache(maxsize=1)
def version() -> str:
    """Return the version of the catalogue: another one whenever a word or a code of it is another."""
    said = [*WAYS.items(), *REASON_CODES.items(), *((name, repr(one)) for name, one in _plain().items())]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:12]


def _plain() -> Mapping[str, tuple[object, ...]]:
    return {
        name: (one.zh, one.en, sorted(one.codes), one.required, one.closes, one.quiets)
        for name, one in FINDINGS.items()
    }
