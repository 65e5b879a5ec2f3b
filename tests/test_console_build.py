"""The console's build: when it is due, what its lock file holds, how heavy a first visit is, the API it speaks to."""

import gzip
import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from api.contract import short

ROOT = Path(__file__).parent.parent
CONSOLE = ROOT / "api" / "console"
KIB = 1024
BUDGETS = {
    "phone": (250 * KIB, ["src/screens/queue/screen.tsx", "src/screens/alert/screen.tsx"]),
    "desk": (450 * KIB, ["src/screens/queue/screen.tsx", "src/screens/queue/Bulk.tsx", "src/screens/alert/Drawer.tsx"]),
}


@pytest.fixture
def build(tmp_path: Path) -> ModuleType:
    """The builder, in a folder of its own with a source or two."""
    for name in ("build.py", "paths.json", "package-lock.json"):
        shutil.copy(CONSOLE / name, tmp_path / name)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.tsx").write_text("export {};")
    return loaded(tmp_path / "build.py")


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("console_build", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def built() -> Path:
    """The built console; without it the test is skipped, unless the run must have one."""
    found = CONSOLE / "dist"
    if not (found / "index.html").exists() or not (CONSOLE / "node_modules").exists():
        assert os.environ.get("LOWINCOME_REQUIRE_CONSOLE") != "1", "the console is not built"
        pytest.skip("the console is not built: ./lowincome serve or python api/console/build.py builds it")
    return found


def test_a_change_of_any_source_makes_the_build_due_and_nothing_else_does(build: ModuleType, tmp_path: Path) -> None:
    before = build.stamp()
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "x.js").write_text("1")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / ".built-from").write_text(before)
    assert build.fresh()
    (tmp_path / "src" / "main.tsx").write_text("export { };")
    assert not build.fresh()


def test_a_renamed_source_makes_the_build_due(build: ModuleType, tmp_path: Path) -> None:
    before = build.stamp()
    (tmp_path / "src" / "main.tsx").rename(tmp_path / "src" / "other.tsx")
    assert build.stamp() != before


def test_the_lock_names_no_host_and_pins_every_package_by_its_digest() -> None:
    text = (CONSOLE / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    packages = {name: one for name, one in json.loads(text)["packages"].items() if name}
    assert len(packages) > 100
    assert [name for name, one in packages.items() if "integrity" not in one and not one.get("inBundle")] == []


def test_every_version_that_is_asked_for_is_exact() -> None:
    said = json.loads((CONSOLE / "package.json").read_text(encoding="utf-8"))
    wanted = {**said["dependencies"], **said["devDependencies"]}
    assert [name for name, version in wanted.items() if not version[0].isdigit()] == []


def test_cleaning_a_lock_takes_out_addresses_and_keeps_the_rest(build: ModuleType, tmp_path: Path) -> None:
    lock = tmp_path / "package-lock.json"
    before = json.loads(lock.read_text())
    said = json.loads(lock.read_text())
    for one in said["packages"].values():
        one["funding"], one["resolved"] = {"url": "https://example.invalid"}, "https://example.invalid/x.tgz"
    lock.write_text(json.dumps(said))
    build.clean_lock()
    assert json.loads(lock.read_text()) == before


@pytest.mark.parametrize("route", BUDGETS)
def test_a_first_visit_is_as_light_as_promised(route: str) -> None:
    most, screens = BUDGETS[route]
    dist = built()
    manifest = json.loads((dist / ".vite" / "manifest.json").read_text(encoding="utf-8"))
    files = {"index.html"} | closure(manifest, ["index.html", *screens])
    files |= {one["file"] for one in manifest.values() if one.get("name") == "polyfills"}
    weight = {name: len(gzip.compress((dist / name).read_bytes(), 9)) for name in files}
    assert len(files) > 3
    assert sum(weight.values()) <= most, sorted(weight.items(), key=lambda one: -one[1])


def closure(manifest: dict[str, dict[str, object]], names: list[str]) -> set[str]:
    """Every file that must be there before the screens ``names`` show."""
    found: set[str] = set()
    waiting = list(names)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        one = manifest[name]
        found |= {str(one["file"]), *map(str, one.get("css", []))}  # type: ignore[call-overload]
        waiting += map(str, one.get("imports", []))  # type: ignore[call-overload]
    return found


def test_the_console_speaks_to_the_api_as_it_is() -> None:
    built()
    builder = loaded(CONSOLE / "build.py")
    assert builder.contract() == builder.SCHEMA.read_text(encoding="utf-8"), (
        "run: python api/console/build.py --contract"
    )


@pytest.mark.parametrize("tool", [["typescript/bin/tsc", "--noEmit"], ["@biomejs/biome/bin/biome", "ci", "."]])
def test_the_console_is_typed_and_in_form(tool: list[str]) -> None:
    built()
    binary = loaded(CONSOLE / "build.py")._home() / "bin" / "node"
    said = subprocess.run([binary, f"node_modules/{tool[0]}", *tool[1:]], cwd=CONSOLE, capture_output=True, text=True)
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_description_is_shortened_by_its_examples_but_not_by_a_property_of_that_name() -> None:
    schema = {"type": "object", "example": {}, "properties": {"examples": {"type": "array", "examples": [[]]}}}
    said = {"paths": {"/b": {"get": {"responses": {"200": {}, "404": {}}}}, "/a": {}}, "components": schema}
    made = short(said)
    assert list(made["paths"]) == ["/a", "/b"]
    assert list(made["paths"]["/b"]["get"]["responses"]) == ["200", "default"]
    assert made["components"] == {"type": "object", "properties": {"examples": {"type": "array"}}}
