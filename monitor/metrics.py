"""What only the processes know: requests. The state of the business is read from the database by ``gauges``."""

from prometheus_client import CollectorRegistry, Histogram

VERSION = "0.1.0"

HTTP = CollectorRegistry()
REQUESTS = Histogram(
    "lowincome_http_request_duration_seconds",
    "Time to answer, by the route's template",
    ["method", "route", "status_class"],
    registry=HTTP,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
