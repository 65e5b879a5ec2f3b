"""The watch over every page: each thing that no page may do is noticed when a page does it."""

from collections.abc import Callable

import pytest
from demo_city import TOWN
from playwright.sync_api import Page
from screens import eventually
from served import Served
from watching import Watch, lines_of_log

DATABASES = ["sqlite"]


def somebody(service: Served) -> str:
    return sorted(service.names)[0]


def noticed(watch: Watch) -> list[str]:
    """What was heard, so that the end of the test does not fail for it."""
    heard, watch.heard = watch.settle(), []
    return heard


def test_a_request_to_another_place_goes_nowhere_and_is_noticed(page: Page, watch: Watch) -> None:
    watch.excuse("ERR_NAME_NOT_RESOLVED|Content Security Policy|Fetch API cannot load")
    page.goto("/healthz")
    answered = page.evaluate("fetch('http://93.184.216.34/').then(() => 'answered', () => 'nothing came')")
    assert answered == "nothing came"
    page.goto("about:blank")
    page.evaluate("fetch('http://example.com/').then(() => 1, () => 0)")
    assert any(line.startswith("a request left the origin") for line in noticed(watch))


def test_a_script_that_the_policy_forbids_is_noticed(page: Page, watch: Watch) -> None:
    page.goto("/sign-in")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>')")
    eventually(page, lambda: watch.heard != [])
    assert any("Content Security Policy" in line for line in noticed(watch))


def test_an_error_of_a_page_is_noticed(page: Page, watch: Watch) -> None:
    page.goto("/healthz")
    page.evaluate("setTimeout(() => { throw new Error('broken') }, 0); console.error('said so')")
    eventually(page, lambda: len(watch.heard) >= 2)
    assert sorted(line.split(":")[0] for line in noticed(watch)) == ["console error", "uncaught"]


@pytest.mark.parametrize(
    "leak",
    [
        "name => fetch('/healthz?q=' + encodeURIComponent(name))",
        "name => console.log('opened', name)",
        "name => localStorage.setItem('last', name)",
    ],
)
def test_a_name_that_gets_out_is_noticed(page: Page, watch: Watch, service: Served, leak: str) -> None:
    page.goto("/sign-in")
    page.evaluate(f"async name => {{ await ({leak})(name) }}", somebody(service))
    assert [line for line in noticed(watch) if line.startswith("personal data")] != []
    page.evaluate("localStorage.clear()")


def test_a_name_in_the_services_log_is_noticed(service: Served, watch: Watch) -> None:
    before = service.log.read_text(encoding="utf-8")
    service.log.write_text(before + f'{{"said": "{somebody(service)}"}}\n', encoding="utf-8")
    assert lines_of_log(service, watch.personal) == ["personal data in the service's log"]
    service.log.write_text(before, encoding="utf-8")


def test_a_page_without_a_name_for_its_picture_is_not_accessible(
    page: Page, accessible: Callable[[Page], None]
) -> None:
    page.goto("/sign-in")
    page.evaluate("document.body.innerHTML = '<img src=\"data:image/gif;base64,R0lGODlhAQABAAAAACw=\">'")
    with pytest.raises(AssertionError, match="image-alt"):
        accessible(page)


def test_the_township_has_a_morning_of_work_and_the_newcomer_has_none(service: Served) -> None:
    assert len(service.alerts(town=TOWN)) >= 40
    assert len({alert.level for alert in service.alerts(town=TOWN)}) >= 3
