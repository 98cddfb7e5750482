"""docs/cli.md tells every verb, every verb has a headline, and completion works in bash."""

import os
import subprocess
from pathlib import Path

from simulator.cli import app
from tests.cli.fake_server import CommandLine
from tests.cli.reference import PAGE, verbs, written
from tests.e2e.process import PROGRAM

COMPLETE = """
source "$1"
COMP_WORDS=({words})
COMP_CWORD={last}
COMP_LINE="{words}"
COMP_POINT=${{#COMP_LINE}}
_simulator simulator
complete -p simulator >&2
echo "${{COMPREPLY[@]}}"
"""


def test_the_page_has_the_verbs_of_the_program() -> None:
    """If it does not: python -m tests.cli.reference."""
    assert PAGE.read_text(encoding="utf-8") == written()


def test_the_verbs_of_the_issue_are_there() -> None:
    names = {verb.name for verb in verbs()}
    assert {"positions", "watch", "export", "doctor", "version", "serve", "verify"} <= names
    assert {"account join", "account keys create", "order place", "world step"} <= names
    assert len(names) > 40


def test_every_verb_says_what_it_does() -> None:
    assert [verb for verb in verbs() if len(verb.headline) < 10] == []
    examples = [example for verb in verbs() for example in verb.examples]
    assert len(examples) > 20
    assert [each for each in examples if not each.startswith("simulator ")] == []


def test_the_examples_of_the_help_are_read_as_calls_of_their_verbs() -> None:
    """Only the words: what they do is tested elsewhere."""
    for verb in verbs():
        for example in verb.examples:
            words = example.split()[1:]
            command, _, _ = app.parse_args(words, exit_on_error=False, print_error=False)
            assert command == verb.command, example


def test_help_names_the_exit_codes(simulator: CommandLine) -> None:
    said = simulator("order", "place", "--help")
    assert said.code == 0
    lines = [line.strip() for line in said.out.splitlines()]
    assert "Example: simulator order place BTCUSDT-PERP buy 0.1" in lines
    assert "Exit codes: 0 done, 1 the answer is no" in said.out


def test_version(simulator: CommandLine) -> None:
    found = simulator("version", "--json").json()
    assert set(found) == {"version", "rules_version", "python"}
    assert str(found["version"]) in simulator("version").out


def test_completion_is_installed_and_completes_in_bash(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SHELL": "/bin/bash"}
    subprocess.run([PROGRAM, "--install-completion"], env=environment, check=True, timeout=60)
    script = tmp_path / ".local/share/bash-completion/completions/simulator"
    for words, expected in (
        ("simulator order pl", "place"),
        ("simulator acc", "account"),
        ("simulator order place BTCUSDT-PERP b", "buy"),
        ("simulator doctor --js", "--json"),
    ):
        program = COMPLETE.format(words=words, last=len(words.split()) - 1)
        done = subprocess.run(
            ["bash", "-c", program, "bash", str(script)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout.split() == [expected], words
        assert "-F _simulator simulator" in done.stderr
