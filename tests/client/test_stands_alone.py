"""The client without the server: what its wheel asks for, and what it imports."""

import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BASE = {"httpx", "msgspec", "websockets"}
NEEDED = BASE | {"anyio", "certifi", "h11", "httpcore", "idna", "sniffio", "typing_extensions"}
"""What the client needs, and what that needs in turn."""

ALONE = f"""
import importlib.abc, importlib.machinery, sys

class OnlyTheClient(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if name == "simulator" or name.startswith("simulator.client"):
            return None
        if top in {sorted(NEEDED)!r} or top in sys.stdlib_module_names:
            return None
        raise ImportError(f"{{name}} is not there")

sys.meta_path.insert(0, OnlyTheClient())
sys.path.insert(0, sys.argv[1])
import simulator, simulator.client
from simulator.client import AsyncClient, BlockingStream, Bot, Client, OrderBook, Stream
assert simulator.__file__.startswith(sys.argv[1]), simulator.__file__
Client("http://127.0.0.1:9").close()
print("alone:", *sorted(name for name in sys.modules if name.startswith("simulator")))
try:
    import simulator.core
except ImportError:
    print("no core")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    command += ["--disable-pip-version-check", "--wheel-dir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


@pytest.mark.slow
def test_installing_the_wheel_pulls_no_server(wheel: Path) -> None:
    required = metadata(wheel).get_all("Requires-Dist") or []
    plain = {
        each.partition("<")[0].partition(">")[0] for each in required if "extra ==" not in each
    }
    assert plain == BASE
    assert any("fastapi" in each and "extra == 'server'" in each for each in required)


@pytest.mark.slow
def test_the_client_is_imported_where_nothing_else_is(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    alone, core = done.stdout.splitlines()
    modules = alone.split()[1:]
    assert "simulator.client.rest" in modules
    assert [name for name in modules if not name.startswith("simulator.client")] == ["simulator"]
    assert core == "no core"


def test_the_package_itself_imports_nothing() -> None:
    code = "import sys, simulator; print([m for m in sys.modules if m.startswith('simulator.')])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
