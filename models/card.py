"""The model's card: one page in plain Chinese and English, made from what was signed and from what was done since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from models.goals import NAMES
from models.journal import Entry
from models.storing import Manifest

_WORDS = {
    "reached": ("达到", "reached"),
    "failed": ("未达到", "failed"),
    "not enough evidence": ("证据不足", "not enough evidence"),
}
_ACTS = {
    "registered": ("登记", "registered"),
    "promoted": ("批准启用", "promoted"),
    "rolled_back": ("回退", "rolled back"),
    "set_aside": ("停用", "set aside"),
    "resumed": ("恢复", "resumed"),
}
LONGEST = 400
PURPOSE = (
    ("在同一预警等级之内排列先后；在限额之内提出“建议核查户”，由人确认后才成为预警。",
     "It orders households inside one level of alert, and suggests within a quota households that a person confirms"
     " before they become alerts."),
    ("它不关闭、不降级、不隐藏任何预警，不决定任何人是否享受救助；规则命中的户一户不少。",
     "It never closes, demotes or hides an alert and decides nobody's assistance; none that a rule names is lost."),
    ("凡因模型而提出的户均注明“模型建议，非规则命中”。",
     "A household that it suggests is marked: suggested by the model, not named by a rule."),
)  # fmt: skip
LIMITS = (
    ("只见得到部门数据中有记录的事；没有记录不等于没有困难。",
     "It sees what agencies record; no record does not mean no hardship."),
    ("标签来自核查和审批：从未被走访的户，其真实情况只能由随机抽查估计。",
     "Labels come from visits and decisions: of households that nobody visited only the random audit tells."),
    ("遇灾害、政策调整等变化时概率可能失准；每月检查漂移，异常时自动改按规则排序。",
     "After a shock its probabilities may be off; drift is looked at monthly and rules take over when it alarms."),
    ("理由说明评分由何而来，不是困难的原因，也不是政策条件。",
     "Reasons say what the score is made of; they are neither the causes of hardship nor conditions of policy."),
)  # fmt: skip


@dataclass(frozen=True)
class Section:
    """One part of the card: its title, sentences, and a table."""

    zh: str
    en: str
    sentences: tuple[tuple[str, str], ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = field(default=())


def sections(manifest: Manifest, acts: Sequence[Entry] = ()) -> list[Section]:
    """Return the card's parts. ``acts`` are what the journal tells of this model.

    Read from ``manifest.training``: ``data, train_dates, test_dates, label, rows, positives, households, seed``, each
    as it is told; from ``manifest.metrics``: ``models`` (figures by model, the baselines among them), ``groups`` (rows
    of ``group, ratio, low, high, evidence``, as ``models.ranked.group_table`` gives them). What else is told stands
    under its own name; what was not told is said not to have been.
    """
    return [
        Section("它是做什么用的", "What it is for", PURPOSE),
        _data(manifest),
        _gates(manifest),
        _models(manifest.metrics.get("models", {})),
        _groups(manifest.metrics.get("groups", ())),
        _calibration(manifest),
        Section("已知的局限", "Known limits", LIMITS),
        _origin(manifest, acts),
    ]


def _data(manifest: Manifest) -> Section:
    asked = (
        ("data", "数据 data"), ("train_dates", "训练日期 training dates"), ("test_dates", "检验日期 test dates"),
        ("label", "标签 label"), ("rows", "行数 rows"), ("positives", "正例 positives"),
        ("households", "户数 households"), ("seed", "随机种子 seed"),
    )  # fmt: skip
    told = dict(manifest.training)
    rows = [(title, _plain(told.pop(name, None))) for name, title in asked]
    rows += [(name, _plain(value)) for name, value in told.items()]
    plain = {name: value for name, value in manifest.metrics.items() if name not in ("models", "groups")}
    rows += [(name, _plain(value)) for name, value in plain.items()]
    count = len(manifest.features)
    said = (
        (
            f"模型读取 {count} 个特征，只用截止日之前已到达的数据。",
            f"It reads {count} features, as known by each date.",
        ),
    )
    return Section("数据、时间与标签", "Data, time and labels", said, ("项目 item", "内容 content"), tuple(rows))


def _gates(manifest: Manifest) -> Section:
    rows = []
    for gate in manifest.gates:
        zh, en = NAMES[str(gate["id"])]
        figure = gate["figure"]
        spread = f" [{_number(figure['low'])}, {_number(figure['high'])}]" if figure["low"] != figure["high"] else ""
        told = f"{_number(figure['value'])}{spread}"
        hard = "/".join(_WORDS[gate["gate"]]) if gate["gate"] else ""
        verdict = "/".join(_WORDS[gate["verdict"]])
        rows.append((str(gate["id"]), f"{zh} {en}", told, _number(gate["baseline"]), gate["goal"], verdict, hard))
    head = ("", "指标 figure", "结果 [95%] result", "基线 baseline", "目标 goal", "结论 verdict", "硬门槛 hard gate")
    said = (
        ("证据不足不算通过。区间按村整块重抽。", "Not enough evidence is no pass. Intervals draw whole villages anew."),
    )
    return Section("目标表 G1-G16", "The goal table G1-G16", said, head, tuple(rows))


def _models(models: Mapping[str, Mapping[str, Any]]) -> Section:
    names = list(dict.fromkeys(name for told in models.values() for name in told))
    rows = [(model, *(_number(told.get(name)) for name in names)) for model, told in models.items()]
    said = () if rows else (("未提供。", "Not told."),)
    return Section("与基线并列", "Beside the baselines", said, ("模型 model", *names) if rows else (), tuple(rows))


def _groups(groups: Sequence[Mapping[str, Any]]) -> Section:
    rows = [
        (
            str(one["group"]),
            _number(one.get("ratio")),
            f"[{_number(one.get('low'))}, {_number(one.get('high'))}]",
            "/".join(_WORDS["not enough evidence"]) if not one.get("evidence", True) else "",
        )
        for one in groups
    ]
    said = ((
        "各群体的查全率与查全率最高的群体之比；正例少于30户的群体不下结论。",
        "Recall of each group over that of the best served; no verdict on groups with fewer than 30 positives.",
    ),)  # fmt: skip
    head = ("群体 group", "比值 ratio", "区间 interval", "") if rows else ()
    return Section("各群体的差错", "Errors by group", said if rows else (("未提供。", "Not told."),), head, tuple(rows))


def _calibration(manifest: Manifest) -> Section:
    told = next((gate for gate in manifest.gates if gate["id"] == "G6"), None)
    if told is not None and told["gate"] == "reached":
        said = ("概率已校准，可以显示。", "Its probabilities are calibrated and may be shown.")
    else:
        said = (
            "概率未达校准要求：只显示名次，不显示概率。",
            "Calibration is not proven: the rank is shown, never a probability.",
        )
    note = str(told["note"]) if told is not None else ""
    return Section("校准", "Calibration", (said, *(((note, ""),) if note else ())))


def _origin(manifest: Manifest, acts: Sequence[Entry]) -> Section:
    rows = [(name, value) for name, value in manifest.versions.items()]
    rows += [(name, value) for name, value in manifest.files.items()]
    for entry in acts:
        zh, en = _ACTS.get(entry.what, (entry.what, entry.what))
        signed = f"，签字 signed {entry.act.second}" if entry.act.second else ""
        rows.append((f"{zh} {en}", f"{entry.act.at} {entry.act.by}{signed}：{entry.act.why}"))
    promoted = any(entry.what == "promoted" for entry in acts)
    said = () if promoted else (("尚未经批准启用。", "Nobody has promoted it."),)
    mark = (
        f"签字标记 {manifest.mark}：签字人批准时填写。",
        f"Mark {manifest.mark}: who signs gives it when promoting.",
    )
    head = ("项目 item", "内容 content")
    return Section("来历", "Where it comes from", (*said, mark), head, tuple(rows))


def as_markdown(manifest: Manifest, acts: Sequence[Entry] = ()) -> str:
    """Return the card as Markdown."""
    lines = [f"# 模型卡 Model card {manifest.id} ({manifest.kind})", ""]
    for section in sections(manifest, acts):
        lines += [f"## {section.zh} {section.en}", ""]
        lines += [f"- {zh} {en}".rstrip() for zh, en in section.sentences]
        if section.head:
            lines += ["", _line(section.head), _line(["---"] * len(section.head))]
            lines += [_line(row) for row in section.rows]
        lines.append("")
    return "\n".join(lines)


def as_html(manifest: Manifest, acts: Sequence[Entry] = ()) -> str:
    """Return the card as a page that stands alone: no script, nothing fetched, everything told escaped."""
    title = f"模型卡 Model card {escape(manifest.id)} ({escape(manifest.kind)})"
    body = []
    for section in sections(manifest, acts):
        body.append(f"<h2>{escape(section.zh)} <small>{escape(section.en)}</small></h2>")
        body += [f"<p>{escape(zh)}<br><span lang=en>{escape(en)}</span></p>" for zh, en in section.sentences]
        if section.head:
            body.append("<table><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in section.head) + "</tr>")
            body += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in section.rows]
            body.append("</table>")
    return (
        f"<!doctype html><html lang=zh-CN><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"
        f"<h1>{title}</h1>" + "\n".join(body) + "</html>\n"
    )


_STYLE = (
    "body{font:14px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}h2{margin-top:1.5rem}"
    "small,[lang=en]{color:#555;font-weight:normal}table{border-collapse:collapse;width:100%}"
    "td,th{border:1px solid #ccc;padding:.2rem .5rem;text-align:left;overflow-wrap:anywhere}"
)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _plain(value: Any) -> str:
    if value is None:
        return "未提供 not told"
    if isinstance(value, Mapping):
        text = "; ".join(f"{name} {_plain(one)}" for name, one in value.items())
    else:
        text = ", ".join(map(_plain, value)) if isinstance(value, list | tuple) else _number(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"


def _number(value: Any) -> str:
    if value is None or value != value:  # NaN
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
