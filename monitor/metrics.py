"""Every Prometheus name of the service, and the rule on labels.

A label is a feed, a rule, a job, a county or a closed word; never a township, a household or a person.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

VERSION = "0.1.0"

# Requests are the one thing that only the processes know; the state of the business is read by ``gauges``.
HTTP = CollectorRegistry()
REQUESTS = Histogram(
    "lowincome_http_request_duration_seconds",
    "Time to answer, by the route's template",
    ["method", "route", "status_class"],
    registry=HTTP,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

REGISTRY = CollectorRegistry()

DELIVERIES = Counter(
    "lowincome_deliveries_total", "Deliveries received, by feed and status", ["feed", "status"], registry=REGISTRY
)
ROWS = Counter(
    "lowincome_delivery_rows_total",
    "Rows of deliveries, by feed and what became of them",
    ["feed", "result"],
    registry=REGISTRY,
)
SCAN_SECONDS = Histogram(
    "lowincome_scan_seconds",
    "Duration of a scan's stages",
    ["stage"],
    registry=REGISTRY,
    buckets=(0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800),
)
SCAN_SUCCEEDED = Gauge(
    "lowincome_scan_last_success_timestamp_seconds", "When the last scan ended well", registry=REGISTRY
)
ALERTS = Counter(
    "lowincome_alerts_total", "What scans did to alerts, by level and change", ["level", "change"], registry=REGISTRY
)
