"""Grafana's dashboards: as the builder makes them, sound in form, and every panel answered by a real Prometheus."""

import json
import re
import time
from collections.abc import Iterator

import httpx
import prometheus
import promql_parser
import pytest
from prometheus_client import start_http_server
from prometheus_client.parser import text_string_to_metric_families
from test_monitor_dashboards import GROUPS, RECORDED, names_in, shown

from monitor.dashboards import grafana
from monitor.gauges import StoreCollector, exposition, registry
from monitor.service import Service, open_service
from monitor.settings import read

BOARDS = grafana.dashboards()
PANELS = [(name, panel) for name, board in BOARDS.items() for panel in board["panels"] if panel["type"] != "row"]
QUERIES = [(name, target["expr"]) for name, panel in PANELS for target in panel["targets"]]


def filled(expression: str) -> str:
    """The query as Grafana would send it."""
    return expression.replace("$__rate_interval", "2m").replace("$county", ".*")


def test_the_files_are_what_the_builder_makes() -> None:
    assert {path.name for path in grafana.HERE.glob("*.json")} == set(BOARDS)
    for name, board in BOARDS.items():
        assert (grafana.HERE / name).read_text(encoding="utf-8") == grafana.text_of(board), "run: lowincome dashboards"


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_panels_have_ids_of_their_own_and_do_not_overlap(name: str) -> None:
    panels = BOARDS[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}
        assert place["x"] + place["w"] <= grafana.COLUMNS
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_panel_says_what_it_shows_in_which_unit_and_from_a_source_that_can_be_chosen() -> None:
    for _, panel in PANELS:
        assert re.search("[\u4e00-\u9fff].* / [A-Za-z]", panel["title"]), panel["title"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["targets"]
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert {source["uid"] for source in sources} == {"${datasource}"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_two_dashboards_have_ids_of_their_own() -> None:
    assert len({board["uid"] for board in BOARDS.values()}) == len(BOARDS)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, set[str]]]:
    service = open_service(read({"LOWINCOME_HOME": str(tmp_path_factory.mktemp("var"))}))
    yield service, shown(service)
    service.engine.dispose()


def test_every_query_parses_and_reads_only_series_that_there_are(watched: tuple[Service, set[str]]) -> None:
    for _, expression in QUERIES:
        promql_parser.parse(filled(expression))
        assert names_in(filled(expression)) <= watched[1] | set(RECORDED)


def test_every_label_that_a_query_names_is_one_that_its_series_carry(watched: tuple[Service, set[str]]) -> None:
    said = exposition(StoreCollector(watched[0])).decode()
    carried = {
        made.name: set().union(*(s.labels for s in made.samples)) for made in text_string_to_metric_families(said)
    }
    carried |= {f"{name}_total": labels for name, labels in carried.items()}
    for title, expression in QUERIES:
        read = [family_of(name) for name in names_in(filled(expression)) if family_of(name) in carried]
        grouped = re.findall(r"\bby \(([a-z_, ]+)\)", expression) + re.findall(r"{([a-z_]+)=", expression)
        wanted = {label.strip() for some in grouped for label in some.split(",")}
        if read:
            assert wanted <= set().union(*(carried[name] for name in read)), title


NOT_DRAWN = {
    "lowincome_build_info": "what runs, told by doctor",
    "lowincome_job_last_attempt_timestamp_seconds": "its failing is drawn",
    "lowincome_job_last_success_timestamp_seconds": "its failing and its missed dates are drawn",
    "lowincome_outbox_waiting": "its oldest is drawn",
    "lowincome_rule_hits_total": "the newest scan's are drawn",
}


def test_every_family_of_metrics_is_drawn_recorded_or_named_as_not_drawn(watched: tuple[Service, set[str]]) -> None:
    drawn = set().union(*(names_in(filled(expression)) for _, expression in QUERIES))
    judged = set().union(*(names_in(rule["expr"]) for group in GROUPS for rule in group["rules"]))
    families = {family_of(name) for name in watched[1] if name.startswith("lowincome_")}
    assert sorted(families - {family_of(name) for name in drawn | judged}) == sorted(NOT_DRAWN)


def family_of(series: str) -> str:
    """The family that a series of it belongs to: a histogram has four."""
    return re.sub(r"_(?:bucket|count|sum|created)$", "", series)


@pytest.fixture(scope="module")
def scraping(watched: tuple[Service, set[str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A real Prometheus that has scraped the installation a few times and worked out the recorded series."""
    folder = tmp_path_factory.mktemp("prometheus")
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry(StoreCollector(watched[0])))
    with prometheus.scraping(folder, server.server_port, until="lowincome:rule_false_alarms:ratio7d") as client:
        yield client
    server.shutdown()
    thread.join()


def test_a_real_prometheus_answers_every_panel(scraping: httpx.Client) -> None:
    for name, expression in QUERIES:
        said = scraping.get("/query", params={"query": filled(expression)}).json()
        assert said["status"] == "success", (name, expression, json.dumps(said))
        prometheus.wait_for(scraping, filled(expression))  # a rate wants two scrapes, and what is recorded one more


def test_no_label_of_ours_is_taken_from_us_on_the_way(scraping: httpx.Client) -> None:
    """Prometheus keeps some names for itself: a label of ours so called arrives as exported_... and meets no rule."""
    names = scraping.get("/labels").json()["data"]
    assert ("task" in names, [name for name in names if name.startswith("exported_")]) == (True, [])
    tasks = scraping.get("/query", params={"query": 'lowincome_job_failed{task=~"scan|backup"}'}).json()
    assert len(tasks["data"]["result"]) == 2


def test_a_real_prometheus_loads_every_alert_and_only_the_due_ones_are_active(scraping: httpx.Client) -> None:
    groups = scraping.get("/rules").json()["data"]["groups"]
    health = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
    assert set(health.values()) == {"ok"}
    wrong = {"LowincomeNightMissed", "LowincomeNightUnknown", "LowincomeDown", "LowincomeCollectorError"}
    for _ in range(40):  # before the first scrape everything is absent
        active = {alert["labels"]["alertname"] for alert in scraping.get("/alerts").json()["data"]["alerts"]}
        if not active & wrong:
            break
        time.sleep(0.25)
    assert not active & wrong
    assert {"LowincomeWatchdog", "LowincomeRedAlertsOverdue"} <= active
