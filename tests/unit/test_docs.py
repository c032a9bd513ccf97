"""Paths, links, commands and make targets in the documents exist; no command is left out."""

import re
from functools import cache
from pathlib import Path

import pytest
import typer.core
import typer.main

from reinventure.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]

PATH = re.compile(r"(?:[\w.-]+/)+(?:[\w.-]+\.\w+)?|[\w-]+\.(?:md|py|json|toml|svg)")
"""A folder with a slash at the end, or a file with an extension."""

ELSEWHERE = re.compile(r"cdk\.out|cdk\.all|\.local|\.venv|\.reinventure|logs|packages")
"""Folders that are made by commands, or are in a bucket."""

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)

PROMPT = re.compile(r"^\$ (.*)$", re.MULTILINE)

GROUP = typer.main.get_command(app)
assert isinstance(GROUP, typer.core.TyperGroup)
COMMANDS = GROUP.commands.keys()
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@cache
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of `page`, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code(page: Path) -> str:
    """What `page` has in backticks, and its shell examples without their comments, line by line."""
    examples = "".join(
        body if kind == "sh" else "\n".join(PROMPT.findall(body)) + "\n"
        for kind, body in FENCE.findall(text(page))
        if kind in {"sh", "console"}
    )
    inline = re.findall(r"`([^`]+)`", FENCE.sub("", text(page)))
    return "\n".join([*inline, *(line.partition("#")[0] for line in examples.splitlines())])


@pages
def test_every_path_exists(page: Path) -> None:
    inline = " ".join(re.findall(r"`([^`]+)`", FENCE.sub("", text(page)))).split()
    paths = [path for path in inline if PATH.fullmatch(path) and not ELSEWHERE.match(path)]
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pages
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(text(page)):
        if re.match("https?:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pages
def test_every_command_and_make_target_exists(page: Path) -> None:
    assert set(re.findall(r"\breinventure ([a-z][a-z-]*)", code(page))) <= COMMANDS
    assert set(re.findall(r"^make ([a-z]+)", code(page), re.MULTILINE)) <= TARGETS


def test_the_readme_names_every_command() -> None:
    named = r"^(?:\.venv/bin/reinventure|\.\.\.|make) ([a-z][a-z-]*)"
    assert set(re.findall(named, code(PAGES[0]), re.MULTILINE)) >= COMMANDS
