"""The watch for made-up ID numbers sees each place that it watches, and nothing where there is none."""

import logging
from pathlib import Path

import httpx
import pytest
from canaries import NUMBER, Canaries
from drops import number


def test_every_made_up_number_is_known_as_one_and_no_other_long_number_is() -> None:
    assert all(NUMBER.fullmatch(number(person)) for person in range(0, 60_000, 777))
    assert not NUMBER.search("340102199001011234 0190b5a0-7c00-7000-8000-000000000001 340299001001")


def test_a_number_in_a_log_line_an_answer_an_address_or_a_file_is_seen(tmp_path: Path) -> None:
    watch, request = Canaries(), httpx.Request("GET", "http://x/api")
    watch.answered(httpx.Response(200, text=number(1), request=request))
    watch.answered(httpx.Response(422, text="nothing", request=request))
    (tmp_path / "clean.bin").write_bytes(b"\x00" * 99)
    watch.looked_through(tmp_path)
    assert watch.seen == []
    watch.answered(httpx.Response(422, text=f'{{"input": "{number(1)}"}}', request=request))
    watch.answered(httpx.Response(404, text="", request=httpx.Request("GET", f"http://x/{number(2)}")))
    watch.answered(httpx.Response(200, text=number(3), request=httpx.Request("GET", "http://x/metrics")))
    (tmp_path / "left.tmp").write_bytes(b"..." + number(4).encode())
    watch.looked_through(tmp_path)
    assert len(watch.seen) == 4


def test_our_own_log_blots_a_number_out_before_the_watch_could_see_it(caplog: pytest.LogCaptureFixture) -> None:
    watch = Canaries()
    watch.emit(logging.LogRecord("x", logging.INFO, __file__, 1, f"of {number(5)}", None, None))
    assert watch.seen == []
    assert caplog.records == []
