"""Grafana's dashboards as code: one for operators, one for supervisors.

They were checked against a real Prometheus, panel by panel, but never drawn by a real Grafana: none can be
had where this is built. Their form is that of Grafana 11 (schema 39).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

HERE = Path(__file__).parent / "boards"
COLUMNS, HEIGHT = 24, 8
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_IN_COUNTY = '{county=~"$county"}'
Json = dict[str, Any]
Form = Literal["timeseries", "stat", "table", "bargauge"]


@dataclass(frozen=True)
class Panel:
    """One question and its answer: ``queries`` are (legend, PromQL); ``red_from`` colours what needs a person."""

    title: str
    about: str
    unit: str
    queries: Sequence[tuple[str, str]]
    form: Form = "timeseries"
    width: int = 8
    red_from: float | None = None


OPERATORS: Sequence[tuple[str, Sequence[Panel]]] = (
    (
        "夜间扫描 / Nights",
        (
            Panel("距上次成功扫描 / Since the last good scan", "超过 26 小时告警 / an alert fires after 26 hours", "s",
                  [("{{county}}", f"time() - lowincome_scan_last_success_timestamp_seconds{_IN_COUNTY}")], "stat",
                  red_from=26 * 3600),
            Panel("扫描用时 / Duration of the scan", "每区县最近一次 / each county's newest", "s",
                  [("{{county}}", f"lowincome_scan_last_duration_seconds{_IN_COUNTY}")]),
            Panel("正在扫描 / Running now", "1 表示正在扫描 / 1 while a scan runs", "short",
                  [("{{county}}", f"lowincome_scan_running{_IN_COUNTY}")]),
            Panel("作业失败 / Jobs that failed", "最近一次未成功的作业 / whose newest run did not end well", "short",
                  [("{{task}}", "lowincome_job_failed")], "stat", red_from=1),
            Panel("距上次备份 / Since the last backup", "没有数据即从未备份 / no data: there never was one", "s",
                  [("备份 backup", "time() - lowincome_backup_last_success_timestamp_seconds")], "stat",
                  red_from=26 * 3600),
            Panel("磁盘剩余 / Room on the disk", "低于一成告警 / an alert fires below a tenth", "percentunit",
                  [("剩余 free", "lowincome_disk_free_bytes / lowincome_disk_size_bytes")]),
        ),
    ),
    (
        "作业与队列 / Jobs and their queue",
        (
            Panel("多久没有动静 / Silent for", "正在运行的作业距上次心跳 / since its last sign of life", "s",
                  [("{{task}}", "lowincome_job_silent_seconds")], red_from=60),
            Panel("用时与平常之比 / Running against usual", "大于 3 即过久 / above 3: it overruns", "percentunit",
                  [("{{task}}", "lowincome_job_running_seconds / clamp_min(lowincome_job_usual_seconds, 1)")],
                  red_from=3),
            Panel("错过的日期 / Dates missed", "近两周 / over a fortnight", "short",
                  [("{{task}}", "lowincome_job_dates_missed")], "stat", red_from=1),
            Panel("被搁置的家庭 / Households set aside", "数据有误，无法判定，原预警保留 / not judged",
                  "short", [("户 households", "lowincome_households_set_aside")], "stat", width=12, red_from=1),
            Panel("数据库日志 / Database log", "SQLite 预写日志；超过 1 GiB 告警 / an alert fires above 1 GiB", "bytes",
                  [("日志 log", "lowincome_database_log_bytes")], width=12, red_from=1 << 30),
            Panel("扫描过的户数 / Households scanned a day", "判定与搁置 / judged, and set aside", "short",
                  [("{{result}}", f"sum by (result) (increase(lowincome_scan_households_total{_IN_COUNTY}[1d]))")],
                  width=12),
            Panel("审计条目 / Audit entries a day", "突增或归零都要查 / look into a leap, and into none", "short",
                  [("条 entries", "increase(lowincome_audit_entries_total[1d])")], width=12),
        ),
    ),
    (
        "部门数据 / Feeds",
        (
            Panel("数据年龄与期限之比 / Age against its limit", "大于 1 即过期，相关规则无法判定 / above 1: stale",
                  "percentunit",
                  [("{{source}}", "lowincome:source_age:seconds / lowincome_source_fresh_limit_seconds")],
                  "bargauge", width=12, red_from=1),
            Panel("等待人工的批次 / Held deliveries", "因质量可疑暂存 / held for their quality", "short",
                  [("{{source}}", "lowincome_source_held > 0 or vector(0)")], "table", width=6),
            Panel("拒收未补送 / Refused, not made good", "近两周 / within a fortnight", "short",
                  [("{{source}}", "lowincome_source_refused > 0 or vector(0)")], "table", width=6),
            Panel("每日行数 / Rows a day", "接收、错误、未匹配 / accepted, in error, unmatched", "short",
                  [("{{result}}", "sum by (result) (increase(lowincome_source_rows_total[1d]))")], width=12),
            Panel("数据说到哪一天 / How far back its newest rows", "距最晚的业务日期 / since the newest day told", "s",
                  [("{{source}}", "time() - lowincome_source_data_timestamp_seconds")], "bargauge", width=12),
            Panel("每日批次 / Deliveries a day", "按来源 / by feed", "short",
                  [("{{source}}", "increase(lowincome_source_deliveries_total[1d])")]),
            Panel("取数来源读不到多久 / Pulled sources not read for", "0 为正常；没有数据即未设取数 / 0 is well", "s",
                  [("{{source}}", "lowincome_pull_troubled_seconds")], "stat", red_from=1),
            Panel("待发消息 / Messages waiting", "最久的一条等了多久 / how long the oldest has waited", "s",
                  [("最久 oldest", "lowincome_outbox_oldest_age_seconds")]),
        ),
    ),
    (
        "接口 / HTTP",
        (
            Panel("每秒请求 / Requests a second", "按结果 / by status", "reqps",
                  [("{{status_class}}",
                    "sum by (status_class) (rate(lowincome_http_request_duration_seconds_count[$__rate_interval]))")]),
            Panel("可用率 / Availability", "不含服务自身错误的比例 / share without an error of ours", "percentunit",
                  [("5m", "lowincome:http_availability:ratio_rate5m")]),
            Panel("应答时间 95% / Time to answer, p95", "按路由 / by route", "s",
                  [("{{route}}",
                    "histogram_quantile(0.95, sum by (le, route) "
                    "(rate(lowincome_http_request_duration_seconds_bucket[$__rate_interval])))")]),
            Panel("读不出的指标 / Metrics that fail", "1 表示这部分读不出 / 1: this part cannot be read", "short",
                  [("{{part}}", "lowincome_collector_error")], "stat", width=12, red_from=1),
            Panel("读指标用时 / Time to read the metrics", "每部分 / each part", "s",
                  [("{{part}}", "lowincome_collector_seconds")], width=12),
        ),
    ),
)  # fmt: skip
SUPERVISORS: Sequence[tuple[str, Sequence[Panel]]] = (
    (
        "待办与期限 / The queue and its deadlines",
        (
            Panel("未办结 / Open", "按等级 / by level", "short",
                  [("{{level}}", f"sum by (level) (lowincome_alerts_open{_IN_COUNTY})")]),
            Panel("逾期 / Overdue", "超过政策期限 / past a deadline of policy", "short",
                  [("{{county}} {{level}}", f"lowincome_alerts_overdue{_IN_COUNTY} > 0 or vector(0)")], "table"),
            Panel("逾期率 / Share overdue", "按区县；目标不超过 5% / by county; the goal is at most 5 %", "percentunit",
                  [("{{county}}", f"lowincome:alerts_overdue:ratio{_IN_COUNTY}")], red_from=0.05),
            Panel("无人认领 / Untaken", "按区县 / by county", "short",
                  [("{{county}}", f"sum by (county) (lowincome_alerts_unassigned{_IN_COUNTY})")], "bargauge"),
            Panel("最久未办结 / Oldest open", "按区县 / by county", "s",
                  [("{{county}}", f"lowincome_alert_oldest_open_age_seconds{_IN_COUNTY}")], "bargauge"),
            Panel("首次处置中位时长 / Median time to first action", "近 30 天 / over 30 days", "s",
                  [("{{county}}",
                    "histogram_quantile(0.5, sum by (le, county) "
                    f"(increase(lowincome_alert_first_action_seconds_bucket{_IN_COUNTY}[30d])))")]),
        ),
    ),
    (
        "预警与结果 / Alerts and what came of them",
        (
            Panel("每日新预警 / Raised a day", "按等级 / by level", "short",
                  [("{{level}}", f"sum by (level) (increase(lowincome_alerts_raised_total{_IN_COUNTY}[1d]))")],
                  width=12),
            Panel("每日核查结论 / Findings a day", "误报增多则队列变短不是进步 / mind the false alarms", "short",
                  [("{{outcome}}", f"sum by (outcome) (increase(lowincome_follow_ups_total{_IN_COUNTY}[1d]))")],
                  width=12),
            Panel("办结用时分布 / Closed within", "30 天内各期限内办结的比例 / share closed within 5, 14, 30 days",
                  "percentunit",
                  [(f"≤ {days} d",
                    "sum(increase(lowincome_alert_close_seconds_bucket"
                    f'{{county=~"$county",le="{days * 86400}.0"}}[30d])) '
                    f"/ clamp_min(sum(increase(lowincome_alert_close_seconds_count{_IN_COUNTY}[30d])), 1)")
                   for days in (5, 14, 30)], width=12),
            Panel("按期办结 / Closed in time", "近 30 天 / over 30 days", "short",
                  [("{{in_time}}", f"sum by (in_time) (increase(lowincome_alerts_closed_total{_IN_COUNTY}[30d]))")],
                  width=12),
            Panel("尚待确认的记录 / Rows to be confirmed", "无法确定属于谁 / nobody knows yet whose they are", "short",
                  [("待确认 open", "lowincome_proposals_open")], "stat", width=12),
        ),
    ),
    (
        "个人信息与离线走访 / Personal data and visits offline",
        (
            Panel("查看明文 / Shown in the clear", "近 7 天，按区县 / over 7 days, by county", "short",
                  [("{{county}}",
                    f"sum by (county) (increase(lowincome_pii_reveals_total{_IN_COUNTY}[7d])) or vector(0)")],
                  "bargauge", width=12),
            Panel("带出的行数 / Rows that left", "导出、打印、走访包，近 7 天 / exports, prints, packs", "short",
                  [("{{kind}}", "sum by (kind) (increase(lowincome_export_rows_total[7d]))")], width=12),
            Panel("走访包上报 / Visits sent from packs", "近 1 天；补充记录不计入处置 / over a day", "short",
                  [("{{result}}", "sum by (result) (increase(lowincome_offline_sync_total[1d]))")], width=12),
            Panel("离线多久 / How long they lay on the device", "九成在此时间内上报，近 7 天 / p90 over 7 days", "s",
                  [("{{result}}",
                    "histogram_quantile(0.9, sum by (le, result) "
                    "(increase(lowincome_offline_sync_lag_seconds_bucket[7d])))")], width=12),
            Panel("核查从哪里来 / How visits came", "离线、在线、导入，近 7 天 / offline, console, import", "short",
                  [("{{channel}}", f"sum by (channel) (increase(lowincome_follow_ups_total{_IN_COUNTY}[7d]))")],
                  width=12),
        ),
    ),
    (
        "规则的成效 / What each rule yields",
        (
            Panel("命中最多的规则 / Rules that fire most", "最近一次扫描 / newest scan", "short",
                  [("{{rule}}", "topk(15, lowincome_rule_fires)")], "bargauge", width=12),
            Panel("无法判定的户数 / Households unknown", "缺数据，不等于没有风险 / no data is not safety",
                  "short", [("{{rule}}", "topk(15, lowincome_rule_unknown)")], "bargauge", width=12),
            Panel("误报率 / Share of false alarms", "近 7 天，按规则 / over 7 days, by rule", "percentunit",
                  [("{{rule}}", "lowincome:rule_false_alarms:ratio7d and on (rule) "
                    "(lowincome:rule_findings:increase7d > 0) or vector(0)")], "table", width=12, red_from=0.2),
            Panel("核查过的预警 / Alerts followed up", "近 7 天，按规则 / over 7 days, by rule", "short",
                  [("{{rule}}", "lowincome:rule_findings:increase7d > 0 or vector(0)")], "table", width=12),
        ),
    ),
)  # fmt: skip


def dashboards() -> dict[str, Json]:
    """Return each dashboard by the name of its file."""
    return {
        "operators.json": _dashboard("lowincome-operators", "低收入监测 · 运行 / Operators", OPERATORS),
        "supervisors.json": _dashboard("lowincome-supervisors", "低收入监测 · 督办 / Supervisors", SUPERVISORS),
    }


def text_of(dashboard: Json) -> str:
    """Return a dashboard as it is kept in its file."""
    return json.dumps(dashboard, ensure_ascii=False, indent=2) + "\n"


def write(folder: Path = HERE) -> list[Path]:
    """Write every dashboard into ``folder`` and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, dashboard in dashboards().items():
        (folder / name).write_text(text_of(dashboard), encoding="utf-8")
    return [folder / name for name in dashboards()]


def _dashboard(uid: str, title: str, rows: Sequence[tuple[str, Sequence[Panel]]]) -> Json:
    return {
        "uid": uid,
        "title": title,
        "tags": ["lowincome"],
        "timezone": "Asia/Shanghai",
        "schemaVersion": 39,
        "editable": False,
        "refresh": "1m",
        "time": {"from": "now-7d", "to": "now"},
        "templating": {"list": [_datasource(), _county()]},
        "panels": _laid_out(rows),
    }


def _datasource() -> Json:
    return {"name": "datasource", "label": "数据源", "type": "datasource", "query": "prometheus", "hide": 0}


def _county() -> Json:
    query = "label_values(lowincome_alerts_open, county)"
    return {
        "name": "county", "label": "区县 / county", "type": "query", "datasource": _SOURCE, "refresh": 2,
        "query": {"query": query, "refId": "county"}, "definition": query, "multi": True, "includeAll": True,
        "allValue": ".*", "current": {"text": "All", "value": "$__all"}, "sort": 1, "hide": 0,
    }  # fmt: skip


def _laid_out(rows: Sequence[tuple[str, Sequence[Panel]]]) -> list[Json]:
    """Panels from left to right, a new line when one does not fit; ids in the order of reading."""
    laid: list[Json] = []
    y = 0
    for title, panels in rows:
        place = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
        laid.append({"id": len(laid) + 1, "type": "row", "title": title, "collapsed": False, "gridPos": place})
        x, y = 0, y + 1
        for panel in panels:
            if x + panel.width > COLUMNS:
                x, y = 0, y + HEIGHT
            place = {"x": x, "y": y, "w": panel.width, "h": HEIGHT}
            laid.append(_panel(panel, len(laid) + 1, place))
            x += panel.width
        y += HEIGHT
    return laid


def _panel(panel: Panel, number: int, place: Json) -> Json:
    steps = [{"color": "green", "value": None}]
    if panel.red_from is not None:
        steps.append({"color": "red", "value": panel.red_from})  # type: ignore[dict-item]
    shown = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    instant = panel.form != "timeseries"
    return {
        "id": number, "type": panel.form, "title": panel.title, "description": panel.about, "gridPos": place,
        "datasource": _SOURCE, "fieldConfig": {"defaults": shown, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + at), "expr": expr, "legendFormat": legend, "datasource": _SOURCE,
                "instant": instant, "range": not instant, "format": "table" if panel.form == "table" else "time_series",
            }
            for at, (legend, expr) in enumerate(panel.queries)
        ],
    }  # fmt: skip
