"""Paths, links, commands and make targets in the documents exist; no command is left out.

Each block of commands is run by the test that its comment names, or the comment says why not.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import typer.core
import typer.main
from typer.testing import CliRunner

from reinventure.cli import app
from tests.pages import ROOT, Block, blocks, blocks_run_by, pages

PAGES = [
    *pages(),
    *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "examples").glob("**/README.md")),
]

PATH = re.compile(r"(?:[\w.-]+/)+(?:[\w.-]+\.\w+)?|[\w-]+\.(?:md|py|json|toml|svg)")
"""A folder with a slash at the end, or a file with an extension."""

ELSEWHERE = re.compile(r"cdk\.out|cdk\.all|\.local|\.venv|\.reinventure|logs|packages")
"""Folders that are made by commands, or are in a bucket."""

LINK = re.compile(r"\]\(([^)\s]+)\)|src(?:set)?=\"([^\"]+)\"")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)

PROMPT = re.compile(r"^\$ (.*)$", re.MULTILINE)

GROUP = typer.main.get_command(app)
assert isinstance(GROUP, typer.core.TyperGroup)
COMMANDS = GROUP.commands.keys()
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

each_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix()
)


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


@each_page
def test_every_path_exists(page: Path) -> None:
    inline = " ".join(re.findall(r"`([^`]+)`", FENCE.sub("", text(page)))).split()
    paths = [path for path in inline if PATH.fullmatch(path) and not ELSEWHERE.match(path)]
    assert [path for path in paths if not (ROOT / path).exists()] == []


@each_page
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in map("".join, LINK.findall(text(page))):
        if re.match("https?:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@each_page
def test_what_is_in_an_item_of_a_list_is_indented_by_four(page: Path) -> None:
    # Forges take less, the site does not.
    assert re.findall(r"^ {1,3}(?:[-*|]|\d+\.) .*", FENCE.sub("", text(page)), re.MULTILINE) == []


@each_page
def test_every_command_and_make_target_exists(page: Path) -> None:
    assert set(re.findall(r"\breinventure ([a-z][a-z-]*)", code(page))) <= COMMANDS
    assert set(re.findall(r"^make ([a-z]+)", code(page), re.MULTILINE)) <= TARGETS


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_every_command_is_run_by_a_test_or_says_why_not(block: Block) -> None:
    if not block.run_by:
        hint = "put <!-- run: FILE --> or <!-- not run: REASON --> on the line before it"
        assert len(block.reason.split()) > 2, hint
    elif block.run_by == ".ci/run":
        lines = (ROOT / block.run_by).read_text().splitlines()
        assert set(block.body.splitlines()) <= set(lines)
    else:
        assert takes(ROOT / block.run_by, block)


def takes(test: Path, block: Block) -> bool:
    """Whether the file `test` takes the blocks that name it, or those below the block's heading."""
    calls = [
        node
        for node in ast.walk(ast.parse(test.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    return any(
        ast.unparse(call) == "blocks_run_by(__file__)"
        or any(isinstance(each, ast.Constant) and each.value == block.heading for each in call.args)
        for call in calls
    )


def test_commands_that_need_no_aws_work() -> None:
    [block] = blocks_run_by(__file__)
    assert block.body == "reinventure cost\n"
    assert CliRunner().invoke(app, ["cost"]).exit_code == 0


def test_the_map_has_every_folder_of_code() -> None:
    folders = {
        f"{module.parent.relative_to(ROOT).as_posix()}/"
        for parent in ("lambdas", "lambdas/s3_catalog", "reinventure", "stacks", "tests")
        for module in (ROOT / parent).glob("*/*.py")
    } - {"lambdas/s3_catalog/"}
    modules = {
        module.relative_to(ROOT).as_posix()
        for parent in ("lambdas/s3_catalog", "reinventure")
        for module in (ROOT / parent).glob("[a-z]*.py")
    }
    assert len(folders) > 30
    mapped = re.findall(r"`([\w./]+)`", text(ROOT / "docs" / "architecture.md"))
    assert (folders | modules) - set(mapped) == set()
