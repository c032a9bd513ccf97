"""docs/emulator.md: each script shows its fault on the emulator without patches."""

import os
import re
import socket
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reinventure.local import background_process as background
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("emulator without patches")

TEXT = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text()
PREAMBLE = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)[0]
SCRIPTS = re.findall(
    r"^## ([^\n]+)\n(?:(?!^## ).)*?```python\n((?:(?!```).)*)```\n\n```text\n((?:(?!```).)*)```",
    TEXT,
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The output of each script by its heading, from one plain MiniStack."""
    directory = tmp_path_factory.mktemp("ministack")
    (directory / "tmp").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        background.start(
            directory,
            "ministack",
            [
                *(sys.executable, "-m", "hypercorn", "--workers", "0", "ministack.app:app"),
                *("--bind", f"fd://{listener.fileno()}"),
            ],
            environment={
                "PATH": os.environ["PATH"],
                "AUTH": "true",
                "GATEWAY_PORT": str(port),
                "MINISTACK_HOST": "127.0.0.1",
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                "TMPDIR": str(directory / "tmp"),
            },
            cwd=directory,
            inherited=[listener.fileno()],
        )

    def output(script: str) -> str:
        lines: list[str] = []
        names = {"print": lambda *values: lines.append(" ".join(map(str, values)) + "\n")}
        try:
            exec(compile(f"{PREAMBLE}\n\n{script}", "docs/emulator.md", "exec"), names)  # noqa: S102
        except Exception:  # noqa: BLE001 (the test shows it)
            return traceback.format_exc()
        return "".join(lines)

    patch = pytest.MonkeyPatch()
    patch.setenv("MINISTACK", f"http://127.0.0.1:{port}")
    ready = 'client("s3").list_buckets()'
    wait_until(lambda: not output(ready), left=lambda: output(ready))
    with ThreadPoolExecutor(len(SCRIPTS)) as pool:
        results = pool.map(output, (script for _, script, _ in SCRIPTS))
    yield {heading: result for (heading, _, _), result in zip(SCRIPTS, results, strict=True)}
    patch.undo()
    background.stop(directory)


def test_every_section_with_a_script_is_found() -> None:
    assert len(SCRIPTS) == TEXT.count("```text")
    assert len(SCRIPTS) >= 12


@pytest.mark.parametrize(("heading", "expected"), [(heading, text) for heading, _, text in SCRIPTS])
def test_a_script_shows_its_fault(outputs: dict[str, str], heading: str, expected: str) -> None:
    assert outputs[heading] == expected
