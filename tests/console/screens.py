"""Every screen of the console: who sees it, where it is, and how to tell that it has come to rest."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from demo_city import TOWN
from playwright.sync_api import Page, expect
from served import Served

DESK, PHONE = {"width": 1366, "height": 900}, {"width": 390, "height": 844}
CONSOLE = Path(__file__).parents[2] / "api" / "console"
PATHS: dict[str, str] = json.loads((CONSOLE / "paths.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Screen:
    """Who sees it; its address on a given service, its path as it stands unless said; whether it is a list."""

    who: str | None
    address: Callable[[Served], str] | None = None
    listed: bool = False
    nothing_matches: str | None = None

    def of(self, name: str, service: Served) -> str:
        """Return the screen's address."""
        return PATHS[name] if self.address is None else self.address(service)


def routed() -> list[str]:
    """Return the names of the screens that the console's routes lead to."""
    said = [(CONSOLE / "src" / part).read_text(encoding="utf-8") for part in ("routes.tsx", "app/App.tsx")]
    return list(dict.fromkeys(re.findall(r"path(?:: |=\{)paths\.(\w+)", "".join(said))))


def _alert(service: Served) -> str:
    return str(service.alerts(town=TOWN)[0].id)


SCREENS: dict[str, Screen] = {
    "signIn": Screen(None),
    "welcome": Screen(None),
    "account": Screen("caseworker"),
    "queue": Screen("caseworker", listed=True),
    "alert": Screen("caseworker", lambda service: f"/alerts/{_alert(service)}"),
    "followUp": Screen("caseworker", lambda service: f"/alerts/{_alert(service)}/follow-up"),
    "visits": Screen("caseworker", listed=True),
    "visit": Screen("caseworker", lambda service: f"/visits/{_alert(service)}"),
    "notices": Screen("caseworker", listed=True),
    "suggestions": Screen("caseworker", listed=True),
    "cases": Screen("caseworker", listed=True),
    "case": Screen("caseworker", lambda service: f"/cases/{service.case(TOWN)}"),
    "households": Screen("caseworker"),
    "household": Screen(
        "caseworker", lambda service: f"/households/{service.household_no(service.alerts(town=TOWN)[0])}"
    ),
    "workload": Screen("supervisor", listed=True),
    "board": Screen("supervisor", listed=True),
    "boardRows": Screen("supervisor", lambda _: "/board/rows?figure=open", listed=True),
    "referrals": Screen("department", listed=True),
    "quiets": Screen("supervisor", listed=True),
    "exchange": Screen("supervisor", listed=True),
    "nights": Screen("administrator", listed=True),
    "rules": Screen("supervisor", listed=True),
    "limits": Screen("supervisor", listed=True),
    "rule": Screen("supervisor", lambda _: "/rules/medical_self_pay"),
    "audit": Screen("auditor", listed=True),
    "system": Screen("administrator", listed=True),
}


THERE = [name for name in routed() if name in SCREENS]


def at_rest(page: Page) -> None:
    """Wait until the page has said what it has to say: nothing is asked for, nothing is awaited."""
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def eventually(page: Page, found: Callable[[], bool]) -> None:
    """Look until it is so, twenty seconds at most: the page's rules forbid a script that waits within it."""
    for _ in range(200):
        if found():
            return
        page.wait_for_timeout(100)
    assert found()
