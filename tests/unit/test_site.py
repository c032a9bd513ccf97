"""The site of the documentation: its navigation, what is on it, and the checks of what was built.

`make site` builds it, which takes packages of its own.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import site
from tests.pages import ROOT, pages

PROJECT: dict[str, Any] = tomllib.loads(site.CONFIGURATION.read_text())["project"]


def entries(navigation: list[Any]) -> Iterator[str]:
    """The pages of `navigation`, in its order."""
    for entry in navigation:
        for below in entry.values():
            yield from entries(below) if isinstance(below, list) else [below]


def test_every_page_is_in_the_navigation_once() -> None:
    listed = list(entries(PROJECT["nav"]))
    assert sorted(listed) == sorted(site.place(ROOT, page).as_posix() for page in pages())


def test_the_folders_are_those_of_the_configuration() -> None:
    assert site.FOLDER / PROJECT["docs_dir"] == site.SOURCE
    assert site.FOLDER / PROJECT["site_dir"] == site.HTML


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_a_page_has_its_links_to_what_is_on_the_site(tmp_path: Path) -> None:
    root = write(
        tmp_path / "root",
        {
            "README.md": "[a](docs/a.md#x) ![picture](docs/a.svg)\n",
            "docs/a.md": "[r](../README.md#top) [c](../code/m.py) [f](../code) [e](../ex/)\n"
            "[elsewhere](https://example.com/m.py) [here](#x) [dot](../.ci/run)\n"
            "```sh\n[no](link)\n```\n",
            ".ci/run": "true\n",
            "docs/a.svg": "<svg/>",
            "code/m.py": "print('<b>')\n",
            "ex/README.md": "[script](run.sh)\n",
            "ex/run.sh": "true\n",
            "not-linked.md": "",
        },
    )
    source = tmp_path / "source"
    site.stage(root, source)
    texts = {
        path.relative_to(source).as_posix(): path.read_text(encoding="utf-8")
        for path in source.rglob("*")
        if path.is_file()
    }
    assert texts.keys() == {
        *("index.md", "docs/a.md", "docs/a.svg", "code/m.py.md", "code/index.md"),
        *("ex/README.md", "ex/run.sh.md", "ci/run.md"),
    }
    assert texts["index.md"] == "[a](docs/a.md#x) ![picture](docs/a.svg)\n"
    assert texts["docs/a.md"] == (
        "[r](../index.md#top) [c](../code/m.py.md) [f](../code/index.md) [e](../ex/README.md)\n"
        "[elsewhere](https://example.com/m.py) [here](#x) [dot](../ci/run.md)\n"
        "```sh\n[no](link)\n```\n"
    )
    assert "# code/m.py\n\n``````python\nprint('<b>')\n``````\n" in texts["code/m.py.md"]
    assert "- `m.py`\n" in texts["code/index.md"]
    assert texts["ex/README.md"] == "[script](run.sh.md)\n"


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("b.html", None),
        ("b.html#there", None),
        ("#here", None),
        ("https://example.com/x", None),
        ("c.html", "a.html: c.html: there is no such file"),
        ("b.html#gone", "a.html: b.html#gone: there is no such anchor"),
        ("#gone", "a.html: #gone: there is no such anchor"),
        ("../b.html", "a.html: ../b.html: there is no such file"),
    ],
)
def test_a_dead_link_is_found(tmp_path: Path, link: str, problem: str | None) -> None:
    write(
        tmp_path,
        {
            "a.html": f'<h1 id="here">A</h1><a href="{link}">b</a>',
            "b.html": '<h2 id="there">B</h2>',
        },
    )
    assert list(site.dead_links(tmp_path)) == ([problem] if problem else [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", '<script src="https://cdn.example.com/x.js"></script>'),
        ("a.html", '<link rel="stylesheet" href="//fonts.example.com/x.css">'),
        ("a.html", '<img src="https://example.com/x.png">'),
        ("a.html", '<source srcset="https://example.com/x.png">'),
        ("a.css", "@import url('https://fonts.example.com/x');"),
        ("a.css", "p { background: url(//example.com/x.png) }"),
    ],
)
def test_a_request_to_another_host_is_found(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, {name: text})
    [problem] = site.requests_elsewhere(tmp_path)
    assert problem.startswith(f"{name}: ")
    assert "example.com" in problem


def test_a_link_to_another_host_is_no_request(tmp_path: Path) -> None:
    files = {"a.html": '<a href="https://example.com/">x</a>', "a.css": "p { color: url(x.png) }"}
    assert list(site.requests_elsewhere(write(tmp_path, files))) == []
