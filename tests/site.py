"""Build the site of the documentation: `python -m tests.site ZENSICAL`, the path of the program.

The pages are those of README.md and docs/, as a forge renders them. The site has besides them each
file that they link to: Markdown as a page, other files as their text. So no link needs a host.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
CONFIGURATION = ROOT / "zensical.toml"
FOLDER = ROOT / ".local" / "site"
SOURCE = FOLDER / "source"
"""What Zensical builds from, `docs_dir` in zensical.toml."""
HTML = FOLDER / "html"
"""What it builds, `site_dir` in zensical.toml."""

_FENCE = re.compile(r"^(```+).*?^\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)")
_IN_CSS = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')]+)")
_LANGUAGES = {".py": "python", ".toml": "toml", ".json": "json", ".sql": "sql", ".yml": "yaml"}


def main(zensical: str) -> int:
    """Build the site with the program `zensical`, and check it. Return the exit code."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    stage(ROOT, SOURCE)
    # It keeps a cache beside its configuration.
    shutil.copy(CONFIGURATION, FOLDER)
    program = ROOT / zensical
    done = subprocess.run([program, "build", "--strict"], cwd=FOLDER, check=False)
    if done.returncode:
        return done.returncode
    problems = [*dead_links(HTML), *requests_elsewhere(HTML)]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        folder = HTML.relative_to(ROOT)
        print(f"The site is {folder / 'index.html'}. Only its search takes a server:")
        print(f"python3 -m http.server -b 127.0.0.1 -d {folder}")
    return 1 if problems else 0


def stage(root: Path, source: Path) -> None:
    """Copy README.md and docs/ from `root` to `source`, and all that they link to."""
    shutil.copytree(root / "docs", source / "docs")
    waiting = [root / "README.md", *(root / "docs").rglob("*.md")]
    done = set()
    while waiting:
        path = waiting.pop()
        if path in done:
            continue
        done.add(path)
        target = source / place(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix != ".md":
            target.write_text(_as_page(root, path), encoding="utf-8")
            continue
        text, linked = _staged(root, path)
        target.write_text(text, encoding="utf-8")
        waiting += linked


def place(root: Path, path: Path) -> Path:
    """Return where the site has the file or folder `path`, relative to its root."""
    if path == root / "README.md":
        return Path("index.md")
    # Zensical passes over names that begin with a dot.
    inside = Path(*(part.lstrip(".") for part in path.relative_to(root).parts))
    if path.is_dir():
        return inside / "index.md"
    # A file of docs/ may be used as it is: a picture, a schema.
    if path.suffix == ".md" or inside.parts[0] == "docs":
        return inside
    return inside.with_name(f"{inside.name}.md")


def dead_links(html: Path) -> Iterator[str]:
    """Return a line for each link of a page below `html` to no file or anchor there."""
    pages = {path: _Page(path) for path in sorted(html.rglob("*.html"))}
    for path, page in pages.items():
        for _, link in page.links:
            url = urlsplit(link)
            if url.scheme or url.netloc or path.name == "404.html":
                continue
            target = (path.parent / unquote(url.path)).resolve() if url.path else path
            name = f"{path.relative_to(html)}: {link}"
            if not target.is_file():
                yield f"{name}: there is no such file"
            elif url.fragment and unquote(url.fragment) not in pages[target].anchors:
                yield f"{name}: there is no such anchor"


def requests_elsewhere(html: Path) -> Iterator[str]:
    """Return a line for each thing that a browser would load from another host."""
    for path in sorted(html.rglob("*.html")):
        for tag, link in _Page(path).links:
            if tag != "a" and urlsplit(link).netloc:
                yield f"{path.relative_to(html)}: <{tag}> loads {link}"
    for path in sorted(html.rglob("*.css")):
        for link in _IN_CSS.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(html)}: loads {link}"


class _Page(HTMLParser):
    """The links and anchors of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in {"id", "name"} and value:
                self.anchors.add(value)
            elif name in {"href", "src", "srcset", "poster", "data"} and value:
                self.links.append((tag, value))


def _staged(root: Path, page: Path) -> tuple[str, list[Path]]:
    """Return the text of `page` with its links to where the site has them, and what they name."""
    linked = []

    def moved(link: re.Match[str]) -> str:
        target = (page.parent / unquote(link[0])).resolve()
        if (target / "README.md").exists():
            target /= "README.md"
        if not target.exists():
            return link[0]  # The build finds it dead.
        linked.append(target)
        return os.path.relpath(place(root, target), place(root, page).parent)

    text = page.read_text(encoding="utf-8")
    parts, end = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(moved, text[end : fence.start()]), fence[0]]
        end = fence.end()
    inside = root / "docs"
    text = "".join([*parts, _LINK.sub(moved, text[end:])])
    return text, [each for each in linked if each.suffix == ".md" or inside not in each.parents]


def _as_page(root: Path, path: Path) -> str:
    """Return a page with the text of the file `path`, or with what the folder `path` has."""
    name = path.relative_to(root).as_posix()
    head = "---\nsearch:\n  exclude: true\n---\n\n"
    if path.is_dir():
        names = sorted(f"{each.name}/" if each.is_dir() else each.name for each in path.iterdir())
        listed = "".join(f"- `{each}`\n" for each in names if not each.startswith(("__py", ".")))
        return f"{head}# {name}/\n\n{listed}"
    language = _LANGUAGES.get(path.suffix, "text")
    return f"{head}# {name}\n\n``````{language}\n{path.read_text(encoding='utf-8')}``````\n"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
