"""Fixtures: Debian's Chromium, the console as it is built, the real service on a made-up city on both databases.

A test takes what it needs and begins::

    def test_the_queue_opens_an_alert(page, service, signed_in_as):
        signed_in_as("caseworker")
        page.goto("/queue")

``service`` belongs to the module alone and stands on each database; whatever a page must never do fails its test.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import demo_city
import pytest
from demo_city import AFTER, PEOPLE, DemoCity
from playwright.sync_api import BrowserContext, Page, expect
from screens import DESK, PHONE
from served import Served, served
from watching import Watch, lines_of_log

from monitor.settings import Settings

expect.set_options(timeout=20_000)  # two cores, three processes of tests: what is slow is no failure here
ROOT = Path(__file__).parents[2]
CONSOLE = ROOT / "api" / "console"
# The same engine; without the half that shows windows a page costs a third less work, so it comes first.
CHROMIUM = next(filter(os.path.exists, ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")), "")
SOCKET = "LOWINCOME_TEST_POSTGRESQL_SOCKET"
SHOTS = ROOT / "artefacts" / "screens"
# A colour on its way to another is none that anybody reads: what moves and ends is waited for.
_STILL = """
Promise.race([
  Promise.allSettled(document.getAnimations()
    .filter(one => one.effect?.getComputedTiming().endTime !== Infinity).map(one => one.finished)),
  new Promise(done => setTimeout(done, 3000)),
]).then(() => true)
"""
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-dev-shm-usage", "--lang=zh-CN",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]  # fmt: skip
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SignIn = Callable[..., Page]


def _missing() -> str | None:
    """Why these tests cannot run on this machine, if they cannot."""
    if not CHROMIUM:
        return "Chromium is not installed: apt-get install chromium-headless-shell"
    if not shutil.which("fc-list") or not subprocess.check_output(["fc-list", ":lang=zh"]):
        return "no font has Chinese characters: apt-get install fonts-noto-cjk"
    return None


@pytest.fixture(scope="session", autouse=True)
def chromium() -> str:
    """Where the browser is; skips with the reason where there is none, or fails where one is required."""
    missing = _missing()
    if missing is None:
        return CHROMIUM
    if os.environ.get("LOWINCOME_REQUIRE_CHROMIUM"):
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of one run have in common."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "console"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def console(chromium: str) -> Path:
    """The console, built from its sources as they are."""
    with (CONSOLE / ".building").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = subprocess.run([sys.executable, CONSOLE / "build.py"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"the console could not be built: {done.stderr[-2000:]}")
    return CONSOLE / "dist"


@pytest.fixture(scope="session")
def demo(shared_folder: Path, console: Path) -> DemoCity:
    """The made-up city."""
    return demo_city.stand(shared_folder, os.environ.get(SOCKET))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module's tests on the databases it names, or on those asked for: SQLite, unless said; a journey on both.

    What a page does is one on both: the API's own tests hold the databases against each other.
    """
    if "settings" in metafunc.fixturenames:
        asked = os.environ.get("LOWINCOME_TEST_DATABASES", "sqlite").split(",")
        journey = metafunc.function.__name__ in getattr(metafunc.module, "JOURNEYS", ())
        wanted = ["sqlite", "postgresql"] if journey else getattr(metafunc.module, "DATABASES", asked)
        metafunc.parametrize("settings", wanted, indirect=True, scope="module")


@pytest.fixture(scope="module")
def settings(
    request: pytest.FixtureRequest, demo: DemoCity, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """The city for one module of tests: as the morning finds it, or earlier for one that says ``STAGE = BEFORE``."""
    if request.param not in os.environ.get("LOWINCOME_TEST_DATABASES", "sqlite,postgresql"):
        pytest.skip("not asked for")
    if request.param == "postgresql" and demo.socket is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    home = tmp_path_factory.mktemp("city") / "var"
    yield from demo.copied(request.param, home, stage=getattr(request.module, "STAGE", AFTER))


@pytest.fixture(scope="module")
def service(settings: Settings) -> Iterator[Served]:
    """The real service on that city."""
    with served(settings) as one:
        yield one
        watch = Watch(one)
        assert lines_of_log(one, watch.personal) == []


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: Mapping[str, Any], chromium: str) -> dict[str, Any]:
    """Debian's own Chromium, which can reach nothing but loopback."""
    return {**browser_type_launch_args, "executable_path": chromium, "args": FLAGS}


@pytest.fixture
def browser_context_args(browser_context_args: Mapping[str, Any], service: Served) -> dict[str, Any]:
    """A desk in the city."""
    here = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "base_url": service.url, "viewport": DESK}
    return {**browser_context_args, **here}


@pytest.fixture
def watch(service: Served) -> Watch:
    """What listens to every page; ``watch.excuse(...)`` lets pass what the test brings about itself."""
    return Watch(service)


@pytest.fixture
def new_context(new_context: Callable[..., BrowserContext], watch: Watch) -> Iterator[Callable[..., BrowserContext]]:
    """Make another browser context, watched like the first: a second person, a telephone."""

    def make(**how: Any) -> BrowserContext:
        context = new_context(**how)
        context.set_default_timeout(30_000)
        watch.over(context)
        return context

    yield make
    assert watch.settle() == []


@pytest.fixture
def phone(new_context: Callable[..., BrowserContext]) -> Page:
    """A page on a telephone of 390 pixels; sign it in by ``signed_in_as(..., on=phone)``."""
    page = new_context(has_touch=True, is_mobile=True, device_scale_factor=2).new_page()
    page.set_viewport_size(PHONE)
    return page


@pytest.fixture
def signed_in_as(request: pytest.FixtureRequest, service: Served) -> SignIn:
    """Sign somebody of ``demo_city.PEOPLE`` in, on ``page`` or on the page given, and return that page."""

    def sign_in(who: str, *, on: Page | None = None) -> Page:
        page: Page = on or request.getfixturevalue("page")
        page.context.add_cookies([service.cookie(PEOPLE[who])])  # type: ignore[list-item]
        return page

    return sign_in


@pytest.fixture
def accessible(console: Path) -> Callable[[Page], None]:
    """Hold a page, as it stands, against WCAG 2.2 AA and best practice: any violation fails."""
    source = (CONSOLE / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")

    def check(page: Page) -> None:
        page.evaluate(source)  # through the debugger: the page's own rules forbid a script from elsewhere
        page.evaluate(_STILL)
        run = "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})"
        found = page.evaluate(run, AXE_RULES)["violations"]
        said = [f"{one['id']}: {node['target']} {node['html'][:160]}" for one in found for node in one["nodes"]]
        assert said == [], f"{page.url}\n" + "\n".join(said)

    return check


@pytest.fixture(scope="session")
def shots() -> Path:
    """Where pictures go."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    return SHOTS


@pytest.fixture
def shot(request: pytest.FixtureRequest, shots: Path) -> Callable[[Page, str], None]:
    """Write a picture of a page below ``artefacts/screens``, on SQLite; none with ``LOWINCOME_SHOTS=0``."""

    def take(page: Page, name: str) -> None:
        if os.environ.get("LOWINCOME_SHOTS") == "0" or "postgresql" in request.node.name:
            return
        width = (page.viewport_size or DESK)["width"]
        page.screenshot(path=shots / f"{re.sub(r'[^a-z0-9-]+', '-', name.lower())}-{width}.png", full_page=True)

    return take


@pytest.fixture
def figure(shots: Path) -> Callable[[str], None]:
    """Keep a line of figures in ``artefacts/figures.txt``."""

    def keep(line: str) -> None:
        with (shots.parent / "figures.txt").open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    return keep
