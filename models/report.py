"""A folder that tells what was learned: figures, scores, card, pictures, and one page that stands alone."""

import json
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from models import plots
from models.evaluation import Group
from models.measures import as_percent
from models.training import CHOSEN, Learned

SHOWN = ("auc", "ap", "precision_at_5", "recall_at_5", "precision_at_10", "recall_at_10", "precision_at_20",
         "recall_at_20", "ece", "ece_after_audit", "brier", "brier_skill", "slope", "intercept")  # fmt: skip
_STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}table{border-collapse:"
    "collapse;font-size:.85rem;margin:1rem 0}td,th{border:1px solid #ccc;padding:.25rem .5rem;text-align:right}td:first"
    "-child,th:first-child{text-align:left}tr.chosen{background:#e8f0f6;font-weight:bold}img{max-width:100%}"
)


def write(learned: Learned, folder: Path) -> list[Path]:
    """Write the report and return its files; an older report in ``folder`` is overwritten file by file.

    ``scores.csv``, ``metrics.json`` and the card of the same table and spec are the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = _pictures(learned)
    card = as_card(learned)
    files: dict[str, bytes] = {
        "metrics.json": json.dumps(_finite(learned.metrics), indent=2, ensure_ascii=False).encode(),
        "evaluation.json": json.dumps(_finite(as_evaluation(learned)), indent=2, ensure_ascii=False).encode(),
        "scores.csv": learned.scores.to_csv(index=False, float_format="%.10g", lineterminator="\n").encode(),
        "card.md": "\n".join(f"{'#' * level} {text}\n" if level else f"{text}\n" for level, text in card).encode(),
        "report.html": _page(learned, card, pictures).encode(),
        **{f"{name}.png": picture for name, picture in pictures.items()},
    }
    files["card.html"] = _framed(_card_html(card)).encode()
    for name, contents in files.items():
        (folder / name).write_bytes(contents)
    return [folder / name for name in files]


def as_evaluation(learned: Learned) -> dict[str, Any]:
    """Return all that was found beside the figures: rows, choices, intervals, groups, checks and notes, plainly."""
    return {
        "chosen": learned.kind,
        "why": {"zh": learned.choice.zh, "en": learned.choice.en},
        "chosen_by_fold": [{"model": one.name, "rule_share": one.rule_share, "why": one.en} for one in learned.choices],
        "rows": learned.rows,
        "features": list(learned.columns.names),
        "left_out": learned.columns.left_out,
        "audit_labels": int(learned.audited.sum()),
        "intervals": {name: [one.value, one.low, one.high] for name, one in learned.intervals.items()},
        "groups": {name: [_group(one) for one in each] for name, each in learned.groups.items()},
        "checks": [{"rule": one.rule, "holds": one.holds, "found": one.found, "zh": one.zh, "en": one.en}
                   for one in learned.checks],
        "dates": learned.dates.as_plain(),
        "notes": [{"zh": zh, "en": en} for zh, en in learned.notes],
    }  # fmt: skip


def _group(one: Group) -> dict[str, Any]:
    ratio = one.ratio
    return {
        "group": one.name,
        "rows": one.rows,
        "positives": one.positives,
        "recall": one.recall,
        "selected": one.selected,
        "ratio_to_best": [ratio.value, ratio.low, ratio.high] if ratio and one.enough else None,
        "evidence": "enough" if one.enough else "not enough evidence",
    }


def as_card(learned: Learned) -> list[tuple[int, str]]:
    """Return the model card as lines: a heading's level, or 0, and the text; Chinese first, then English."""
    rows, chosen, spec = learned.rows, learned.metrics[CHOSEN], learned.spec
    rule, at = learned.metrics["rule"], as_percent(spec.capacity)
    size = f"{rows['learned']} / {rows['judged']}"
    when_zh = f"，检验期为 {rows['judged_time']}" if rows["judged_time"] else "，无时间检验"
    when_en = f", judged on {rows['judged_time']}" if rows["judged_time"] else ", not judged on a later time"
    what = f"{spec.label} = {rows['positive']}"
    areas = f"{chosen['auc']:.3f}", f"{rule['auc']:.3f}"
    errors = f"{chosen['ece']:.3f}", f"{chosen['ece_after_audit']:.3f}"
    found = f"{chosen[f'recall_at_{at}']:.1%}", f"{rule[f'recall_at_{at}']:.1%}"
    renewed = int(learned.audited.sum())
    return [
        (1, "模型卡 / Model card"),
        (2, "用途 / What it is for"),
        (0, f"估计 {what} 的可能性，用于排列走访次序；不得据此停止、减少或拒绝救助，由人决定。"),
        (0, f"Tells how likely {what} is, to order visits. It must never stop, cut or refuse help; people decide."),
        (2, "如何学习与检验 / How it was learned and judged"),
        (0, f"学习 / 检验行数 {size}{when_zh}；检验户从未用于学习。选用：{learned.kind}（{learned.choice.zh}）。"),
        (0, f"Rows learned from / judged on: {size}{when_en}; no judged household was learned from. Chosen: "
            f"{learned.kind} ({learned.choice.en})."),
        (2, "好坏 / What it is worth"),
        (0, f"AUC {areas[0]}（规则 {areas[1]}）；走访 {at}% 的户可找到 {found[0]} 的有风险户（规则 {found[1]}）。"),
        (0, f"AUC {areas[0]} (the rule {areas[1]}); visiting {at} % of households finds {found[0]} of those at risk "
            f"(the rule {found[1]})."),
        (0, f"概率误差 ECE {errors[0]}，用 {renewed} 个随机核查修正后 {errors[1]}。"),
        (0, f"Calibration error (ECE) {errors[0]}; {errors[1]} after {renewed} random audits."),
        *_over_dates(learned),
        (2, "限度 / Limits"),
        *[(0, f"{text}。" if place == 0 else f"{text}.") for note in learned.notes for place, text in enumerate(note)],
        *[(0, line) for one in learned.checks for line in _check_lines(one.rule, one.holds, one.zh, one.en)],
        *[(0, line) for name, each in learned.groups.items() for line in _group_lines(name, each)],
        (0, "只在与本表相似的户上可信；遇到冲击应先用随机核查修正概率。"),
        (0, "To be trusted on households like these only; after a shock renew the level by a random audit first."),
    ]  # fmt: skip


def _over_dates(learned: Learned) -> list[tuple[int, str]]:
    dates = learned.dates
    if not dates.stability or dates.regret is None:
        return []
    count, cv, worst = len(dates.precision), dates.stability["cv"], dates.stability["worst"]
    return [
        (0, f"在 {count} 个时间上各自重新选择：准确率的变异系数 {cv:.2f}，最差为平均的 {worst:.2f}；"
            f"选择比当期最好的少 {dates.regret:.1%}。"),
        (0, f"Chosen anew at each of {count} times: the precision's coefficient of variation is {cv:.2f}, its worst "
            f"{worst:.2f} of the mean; the choice stays {dates.regret:.1%} behind the best of each time."),
    ]  # fmt: skip


def _check_lines(rule: str, holds: bool | None, zh: str, en: str) -> list[str]:
    words = {
        True: ("通过", "holds"),
        False: ("未通过，请查明原因", "does not hold: find out why"),
        None: ("无法判断", "cannot be told"),
    }
    return [f"{rule} {zh}：{words[holds][0]}。{rule} {en}: {words[holds][1]}."]


def _group_lines(name: str, each: list[Group]) -> list[str]:
    told = [
        f"{one.name} {one.recall:.0%}" if one.enough else f"{one.name} 证据不足 not enough evidence" for one in each
    ]
    return [f"{name}: 找到的比例 / share found: {'; '.join(told)}"]


def _pictures(learned: Learned) -> dict[str, bytes]:
    label = learned.scores["label"].to_numpy(dtype=float)
    before = learned.scores["score"].to_numpy()
    return {
        "calibration": plots.calibration(before, learned.renewed, label, ~learned.audited),
        "lift": plots.lift({str(name): learned.by_model[name].to_numpy() for name in learned.by_model}, label),
        "subgroups": plots.groups(learned.groups),
    }


def _page(learned: Learned, card: list[tuple[int, str]], pictures: Mapping[str, bytes]) -> str:
    names = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in SHOWN)
    lines = [
        f"<tr{' class=chosen' if name == CHOSEN else ''}><td>{escape(name)}</td>"
        + "".join(f"<td>{told[figure]:.3f}</td>" for figure in SHOWN)
        + "</tr>"
        for name, told in learned.metrics.items()
    ]
    table = f"<h2>各模型 / Every model</h2><table><tr><th>model</th>{names}</tr>{''.join(lines)}</table>"
    shown = [
        f'<figure><img alt="{name}" src="data:image/png;base64,{b64encode(picture).decode()}"></figure>'
        for name, picture in pictures.items()
    ]
    return _framed(_card_html(card) + table + "".join(shown))


def _card_html(card: list[tuple[int, str]]) -> str:
    return "".join(
        f"<h{level}>{escape(text)}</h{level}>" if level else f"<p>{escape(text)}</p>" for level, text in card
    )


def _framed(body: str) -> str:
    head = (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>模型报告 / Report</title><style>{_STYLE}</style>'
    )
    return f"{head}<body>{body}</body></html>\n"


def _finite(told: Any) -> Any:
    """Return plain values that JSON has: what is not a number is null."""
    if isinstance(told, Mapping):
        return {str(name): _finite(value) for name, value in told.items()}
    if isinstance(told, list | tuple):
        return [_finite(value) for value in told]
    if isinstance(told, float | np.floating):
        return round(float(told), 10) if np.isfinite(told) else None
    return told.item() if isinstance(told, np.generic) else told
