"""The words of the printed forms, and what can be ticked on them: the catalogue of findings, with its codes."""

from collections.abc import Mapping
from typing import Literal

from monitor.cases.codes import FINDINGS, REASON_CODES, WAYS

Language = Literal["zh", "en"]
WEEKDAYS: Mapping[Language, tuple[str, ...]] = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "title.check": "低收入人口预警入户核查表", "title.round": "低收入人口走访单", "day": "{day}（{weekday}）",
        "number": "编号", "printed": "打印时间", "secret": "密级：内部（含个人信息，用毕归档，不得外传）",
        "name": "户主姓名", "id_no": "证件号码", "household_no": "户编号", "category": "救助类别",
        "members": "家庭人口", "people": "人", "place": "所在区划", "level": "预警等级", "opened_on": "预警日期",
        "due_on": "办理期限",
        "reasons": "预警原因", "source": "来源：", "data_on": "数据截至", "law": "依据：", "comma": "、",
        "more": "另有 {} 条原因，见系统", "unseen": "暂缺数据，请现场核实", "still_unknown": "（现缺数据）",
        "visited_on": "核查日期", "blank_day": "______年____月____日", "way": "核查方式", "present": "在场人",
        "finding": "核查结论", "income": "家庭收入", "income_hint": "工资、经营、财产、转移（近12个月，元）",
        "spending": "支出与困难", "spending_hint": "医疗、教育、住房、突发事故；财产与赡抚养情况",
        "proposed": "拟帮扶、转办", "why_not": "无需帮扶或误报原因", "next_on": "下次走访", "other": "其他__________",
        "workers": "核查人签字（2人）", "householder": "户主或代理人签字", "first": "1.", "second": "2.",
        "watermark": "{by} · {at} · {number} · 内部资料",
        "count": "第 {place} 户，共 {all} 户", "gone": "另有 {} 户已不在您的管辖范围，未列入本次打印",
        "order": "序号", "reason": "主要原因", "result": "结论", "remarks": "备注", "signed": "签字",
        "none": "没有可列的家庭", "attempt": "第____次",
    },
    "en": {
        "title.check": "Home visit form", "title.round": "Round of visits", "day": "{day} ({weekday})",
        "number": "No.", "printed": "printed", "secret": "Internal: personal data; file after use, do not pass on",
        "name": "Householder", "id_no": "ID number", "household_no": "Household no.", "category": "Category",
        "members": "Members", "people": "", "place": "Place", "level": "Level", "opened_on": "Raised on",
        "due_on": "Due on", "reasons": "Why", "source": "source: ", "data_on": "data up to", "law": "under: ",
        "comma": ", ", "more": "{} more reasons: see the system", "unseen": "Not seen: ask on the spot",
        "still_unknown": " (no data now)", "visited_on": "Visited on", "blank_day": "____________________",
        "way": "How", "present": "Present", "finding": "Finding", "income": "Income",
        "income_hint": "wages, business, property, transfers (last 12 months, yuan)", "spending": "Spending, hardship",
        "spending_hint": "medical, school, housing, accidents; assets and supporters", "proposed": "Proposed, referred",
        "why_not": "No need, or false alarm", "next_on": "Next visit", "other": "other __________",
        "workers": "Two caseworkers sign", "householder": "Householder or agent signs", "first": "1.", "second": "2.",
        "watermark": "{by} · {at} · {number} · internal", "count": "household {place} of {all}",
        "gone": "{} more are no longer in your region and were left out", "order": "#", "reason": "Main reason",
        "result": "Finding", "remarks": "Remarks", "signed": "Signed", "none": "no household to list",
        "attempt": "attempt ____",
    },
}  # fmt: skip
_PROPOSED = tuple(code for code in REASON_CODES if code.startswith(("IN_", "LS_", "RF_", "UP_")))
_WHY_NOT = tuple(code for name in ("no_need", "false_alarm") for code in REASON_CODES if code in FINDINGS[name].codes)


def _ticks(place: int) -> Mapping[str, list[tuple[str, str]]]:
    return {
        "way": [(code, said[place]) for code, said in WAYS.items()],
        "finding": [(code, (one.zh, one.en)[place]) for code, one in FINDINGS.items()],
        "proposed": [(code, REASON_CODES[code][place]) for code in _PROPOSED],
        "why_not": [(code, REASON_CODES[code][place]) for code in _WHY_NOT],
    }


TICKS: Mapping[Language, Mapping[str, list[tuple[str, str]]]] = {"zh": _ticks(0), "en": _ticks(1)}
