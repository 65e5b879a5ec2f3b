"""The console's page and assets as a browser gets them: what may be kept, what may run, what when nothing is built."""

import gzip
import json
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import pages, problems
from api.guard import Guard

PAGE = '<meta name="csp-nonce" content="__NONCE__"><script type="module" src="/assets/index-abc.js"></script>'
SCRIPT = "export const drawn = 1;\n" * 200


@pytest.fixture
def built(tmp_path: Path) -> TestClient:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "paths.json").write_text(json.dumps({"queue": "/queue", "alert": "/alerts/:id"}))
    (tmp_path / "sw.js").write_text("self.skipWaiting()")
    (tmp_path / "assets" / "index-abc.js").write_text(SCRIPT)
    (tmp_path / "assets" / "index-abc.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (tmp_path / "secret.js").write_text("no asset")
    return opened(tmp_path)


def opened(dist: Path) -> TestClient:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(Guard)
    pages.install(app, dist)
    app.state.routes = []
    return TestClient(app, follow_redirects=False)


def test_the_page_carries_a_nonce_of_its_own_that_its_policy_names(built: TestClient) -> None:
    first, second = built.get("/queue"), built.get("/alerts/0190b5a0-7c00-7000-8000-000000000001")
    nonces = [re.search(r'content="([^"]+)"', answer.text) for answer in (first, second)]
    assert all(nonces)
    for answer, found in zip((first, second), nonces, strict=True):
        said = answer.headers["content-security-policy"]
        assert found is not None
        assert f"style-src 'self' 'nonce-{found[1]}'" in said
        assert "script-src 'self';" in said
        assert "unsafe" not in said
        assert pages.NONCE not in answer.text
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-frame-options"] == "DENY"
    assert first.headers["content-security-policy"] != second.headers["content-security-policy"]


def test_an_asset_is_kept_for_ever_and_comes_packed_to_who_takes_it_so(built: TestClient) -> None:
    packed = built.get("/assets/index-abc.js")
    plain = built.get("/assets/index-abc.js", headers={"Accept-Encoding": "identity"})
    assert (packed.text, plain.text) == (SCRIPT, SCRIPT)
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    for answer in (packed, plain):
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["vary"] == "Accept-Encoding"


def test_the_worker_behind_the_page_is_asked_for_anew_each_time(built: TestClient) -> None:
    assert built.get("/sw.js").headers["cache-control"] == "no-cache"


def test_the_front_door_leads_to_the_queue(built: TestClient) -> None:
    answer = built.get("/")
    assert (answer.status_code, answer.headers["location"]) == (302, "/queue")


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/alerts", "/alerts/a/b", "/assets/lost.js", "/assets/..%2fsecret.js", "/assets/%2e%2e/secret.js",
     "/secret.js", "/index.html", "/manifest.webmanifest", "/assets/index-abc.js.gz"],
)  # fmt: skip
def test_what_is_no_page_and_no_asset_is_not_found(built: TestClient, path: str) -> None:
    answer = built.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.headers["cache-control"] == "no-store"


def test_where_nothing_is_built_a_plain_page_says_so(tmp_path: Path) -> None:
    answer = opened(tmp_path).get("/")
    assert (answer.status_code, "前端未构建" in answer.text) == (200, True)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
