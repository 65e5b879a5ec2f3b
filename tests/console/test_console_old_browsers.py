"""The console loads, styled and in words, in the Chromium of 2020 (the floor: 86) and of 2022 (108). Slow: by hand.

Their own debuggers are too old for locators: only addresses, a script's answer and a picture are asked of them.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from demo_city import PEOPLE
from old_browsers import FLAGS, PACKAGES, libraries, unpack
from playwright.sync_api import Browser, Error, Playwright
from screens import DESK, SCREENS, THERE
from served import Served

DATABASES = ["sqlite"]
_SEEN = """
() => ({
  heading: document.querySelector('h1')?.textContent,
  words: document.body.innerText.length,
  styled: getComputedStyle(document.querySelector('button, .ant-btn') ?? document.body).borderRadius,
})
"""


@pytest.fixture(scope="module", params=PACKAGES)
def old(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The version and the program of one old browser."""
    folder = tmp_path_factory.getbasetemp().parent / "old-browsers"
    try:
        return request.param, unpack(request.param, folder)
    except (subprocess.CalledProcessError, OSError) as missing:
        pytest.skip(f"the old browser could not be fetched: {missing}")


@contextmanager
def launched(playwright: Playwright, version: str, program: Path) -> Iterator[Browser]:
    """A browser for one page: with everything in a single process it does not outlive its first context."""
    place = {"LD_LIBRARY_PATH": libraries(program), "HOME": str(program.parent)}
    browser = playwright.chromium.launch(executable_path=program, args=FLAGS, env=place)
    assert browser.version.startswith(version)
    yield browser
    with suppress(Error):
        browser.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", THERE)
def test_a_screen_loads_in_an_old_browser(
    name: str, old: tuple[str, Path], service: Served, shots: Path, playwright: Playwright
) -> None:
    version, program = old
    errors: list[str] = []
    with launched(playwright, version, program) as browser:
        context = browser.new_context(base_url=service.url, locale="zh-CN", viewport=DESK)
        who = SCREENS[name].who
        if who is not None:
            context.add_cookies([service.cookie(PEOPLE[who])])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(SCREENS[name].of(name, service))
        page.wait_for_timeout(3000)
        seen = page.evaluate(_SEEN)
        page.screenshot(path=shots / f"{name}-chromium-{version}.png")
    assert errors == []
    assert seen["heading"]
    assert seen["words"] > 20
    assert seen["styled"] != "0px"
