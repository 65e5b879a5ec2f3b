"""The console loads, styled and in words, in the Chromium of 2020 (the floor: 86) and of 2022 (108). Slow: by hand.

Their own debuggers are too old for locators: only addresses, a script's answer and a picture are asked of them.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from demo_city import PEOPLE
from old_browsers import FLAGS, PACKAGES, libraries, unpack
from playwright.sync_api import Browser, Playwright
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
def old(
    request: pytest.FixtureRequest, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """One old browser."""
    folder = tmp_path_factory.getbasetemp().parent / "old-browsers"
    try:
        program = unpack(request.param, folder)
    except (subprocess.CalledProcessError, OSError) as missing:
        pytest.skip(f"the old browser could not be fetched: {missing}")
    browser = playwright.chromium.launch(
        executable_path=program, args=FLAGS, env={"LD_LIBRARY_PATH": libraries(program), "HOME": str(folder)}
    )
    assert browser.version.startswith(request.param)
    yield browser
    browser.close()


@pytest.mark.slow
def test_every_screen_loads_in_an_old_browser(old: Browser, service: Served, shots: Path) -> None:
    lost = []
    for name in THERE:
        who = SCREENS[name].who
        context = old.new_context(base_url=service.url, locale="zh-CN", viewport=DESK)
        if who is not None:
            context.add_cookies([service.cookie(PEOPLE[who])])
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
        page.goto(SCREENS[name].of(name, service))
        page.wait_for_timeout(2500)
        seen = page.evaluate(_SEEN)
        page.screenshot(path=shots / f"{name}-chromium-{old.version.split('.')[0]}.png")
        if errors or not seen["heading"] or seen["words"] < 20 or seen["styled"] == "0px":
            lost.append((name, seen, errors))
        context.close()
    assert lost == []
