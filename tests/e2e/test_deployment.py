"""Dockerfile and docker-compose.yml say what works: their commands are run here, without Docker.

What a container would give (addresses, paths, the port) is replaced by what is there; the rest of
each command line is taken word for word from the files.
"""

import json
import os
import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from sqlalchemy.engine import make_url

from simulator.settings import DEFAULT_DATABASE_URL
from tests.databases import Databases
from tests.e2e.process import PROGRAM, ROOT, Home, make_small_home

PASSWORD: Final = "${POSTGRES_PASSWORD:?set a password}"
SECONDS: Final = 60


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, each on one line."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = [line.partition(" ") for line in lines]
    return [(name, " ".join(rest.split())) for name, _, rest in found]


def instruction(name: str) -> str:
    """The last of its name, as Docker takes it."""
    return [rest for each, rest in instructions() if each == name][-1]


def services() -> dict[str, Any]:
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    for service in composed["services"].values():
        for volume in service["volumes"]:
            assert volume.partition(":")[0] in composed["volumes"]
    found: dict[str, Any] = composed["services"]
    return found


def health_check() -> list[str]:
    _, _, command = instruction("HEALTHCHECK").partition("CMD ")
    found: list[str] = json.loads(command)
    return found


def test_all_that_is_copied_is_there() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name, rest in instructions():
        if name == "COPY":
            *sources, _ = rest.split()
            for source in sources:
                assert (ROOT / source).exists(), source
                assert f"!{source}" in ignored, source


def test_the_image_is_the_supported_python_with_pinned_packages_and_no_root() -> None:
    assert instruction("FROM") == "python:3.11-slim"
    installs = [rest for name, rest in instructions() if name == "RUN" and "pip install" in rest]
    assert "--require-hashes --requirement requirements/server.txt" in installs[0]
    assert "--no-deps ." in installs[1]
    names = [name for name, _ in instructions()]
    assert instruction("USER") == "simulator"
    assert names.index("USER") < names.index("CMD")
    assert "--no-deps" in installs[-1]
    assert instruction("VOLUME") == f"{instruction('WORKDIR')}/data"
    assert DEFAULT_DATABASE_URL.startswith("sqlite:///data/")


def test_the_services_fit_together() -> None:
    database, application = services()["database"], services()["application"]
    assert database["image"] == "postgres:15"
    assert application["build"] == "."
    assert application["depends_on"]["database"]["condition"] == "service_healthy"
    assert application["healthcheck"]["test"] == ["CMD", *health_check()]
    assert application["volumes"] == [f"data:{instruction('VOLUME')}"]
    assert application["ports"] == [f"127.0.0.1:8000:{instruction('EXPOSE')}"]
    given = database["environment"]
    assert given["POSTGRES_PASSWORD"] == PASSWORD
    url = application["environment"]["SIMULATOR_DATABASE_URL"].replace(PASSWORD, "secret")
    address = make_url(url)
    assert (address.drivername, address.host, address.port) == ("postgresql", "database", 5432)
    assert address.username == given["POSTGRES_USER"]
    assert address.database == given["POSTGRES_DB"]


def natively(home: Home, port: int) -> dict[str, str]:
    """The environment of the application's container, with addresses that are here."""
    given = dict(services()["application"]["environment"])
    assert given.keys() == {"SIMULATOR_DATABASE_URL"}
    path = f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"
    return {**home.environment(), "SIMULATOR_PORT": str(port), "PATH": path}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def is_healthy(port: int, environment: dict[str, str]) -> bool:
    command = [word.replace(":8000/", f":{port}/") for word in health_check()]
    assert command != health_check()
    return (
        subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
    )


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
def test_the_container_s_command_migrates_and_serves(databases: Databases, tmp_path: Path) -> None:
    home = make_small_home(tmp_path, databases.create())
    port = free_port()
    environment = natively(home, port)
    assert not is_healthy(port, environment)
    command = json.loads(instruction("CMD"))
    with home.output.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        begun = time.monotonic()
        while not is_healthy(port, environment):
            assert process.poll() is None, home.output.read_text(encoding="utf-8")
            assert time.monotonic() - begun < SECONDS
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0, "exec: the signal reaches the server"
    finally:
        process.kill()
        process.wait()
    said = home.output.read_text(encoding="utf-8")
    assert "has the tables of version" in said
    assert "http://0.0.0.0:" in said
    assert said.endswith("Stopped; everything acknowledged is on disk.\n")


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
def test_the_database_s_health_check(databases: Databases) -> None:
    word, *command = services()["database"]["healthcheck"]["test"]
    assert word == "CMD"
    address = make_url(databases.create())
    here = {**os.environ, "PGHOST": address.host or "", "PGPORT": str(address.port or 5432)}
    done = subprocess.run(command, env=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    nowhere = {**here, "PGPORT": "1"}
    assert subprocess.run(command, env=nowhere, capture_output=True, check=False).returncode == 2


def test_the_documentation_names_the_commands() -> None:
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    for command in ("docker compose up", "simulator migrate", "simulator serve --host 0.0.0.0"):
        assert command in text
        assert shlex.split(command)
