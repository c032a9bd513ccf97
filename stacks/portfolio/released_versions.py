"""The released versions of the product, in the folder portfolio/ of the repository.

A version is a template and the code of its functions. It never changes, because products of it may
run for years, and a portfolio for a new account offers all versions. The name of each file holds
the digest of its content, which is compared at every read. The lock file `released.json` has the
digest of every version; a test compares it with its history in Git.
"""

import json
import re
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "portfolio"
LOCK = "released.json"
"""The lock file in `FOLDER`: the SHA-256 of each released template, by the version's number."""

_TEMPLATE = re.compile(r"(?P<number>[1-9][0-9]*)-(?P<digest>[0-9a-f]{64})\.template\.json")
_CODE = re.compile(r"[0-9a-f]{64}\.zip")
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest time in a zip file. With a constant time, equal code gives equal files."""


class ChangedVersionError(Exception):
    """A released version has changed. The message names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class Version:
    """The released version `number`: its template, and the code that the template names."""

    number: int
    template: Path
    code: tuple[Path, ...]


def released(folder: Path = FOLDER) -> list[Version]:
    """Return all versions in `folder`, oldest first.

    Raises ChangedVersionError when a file is missing or has changed since its release.
    """
    lock = locked(folder)
    versions = []
    for path in sorted(folder.glob("*.template.json")):
        matched = _TEMPLATE.fullmatch(path.name)
        digest = _digest(path.read_bytes())
        if not matched or {digest} != {matched["digest"], lock.pop(matched["number"], None)}:
            raise ChangedVersionError(_complaint(path))
        names = sorted(set(_CODE.findall(path.read_text())))
        versions.append(
            Version(int(matched["number"]), path, tuple(_code(folder, name) for name in names))
        )
    for number, digest in lock.items():
        raise ChangedVersionError(_complaint(folder / f"{number}-{digest}.template.json"))
    return sorted(versions, key=lambda version: version.number)


def locked(folder: Path = FOLDER) -> dict[str, str]:
    """Return the digest of every released template in `folder`, by the version's number."""
    path = folder / LOCK
    digests: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return digests


def release(template: str, code: dict[str, Path], folder: Path = FOLDER) -> Version:
    """Write `template` to `folder` as the next version, and the code that it names.

    `code` has the folders of code, by the names of their zip files in `template`. Returns the
    newest version if nothing has changed since.
    """
    folder.mkdir(exist_ok=True)
    known = released(folder)
    for name, source in code.items():
        content = _zipped(source)
        renamed = f"{_digest(content)}.zip"
        (folder / renamed).write_bytes(content)
        template = template.replace(name, renamed)
    # One property per line, so that a commit shows the changes of a version.
    text = json.dumps(json.loads(template), indent=1) + "\n"
    digest = _digest(text.encode())
    if known and known[-1].template.name.endswith(f"-{digest}.template.json"):
        return known[-1]
    number = known[-1].number + 1 if known else 1
    # The lock file first: after a template alone, `git checkout` would not remove that.
    lock = {**locked(folder), str(number): digest}
    (folder / LOCK).write_text(json.dumps(lock, indent=1) + "\n")
    (folder / f"{number}-{digest}.template.json").write_text(text)
    return released(folder)[-1]


def _code(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.exists() or _digest(path.read_bytes()) != path.stem:
        raise ChangedVersionError(_complaint(path))
    return path


def _complaint(path: Path) -> str:
    return (
        f"{path} is not what was released, or is missing: its name and {LOCK} hold the SHA-256 of "
        f"its content. Get it back with: git checkout -- {path.parent.name}"
    )


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def _zipped(source: Path) -> bytes:
    """Return the files below `source` as a zip file: equal files give equal bytes."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in source.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(source).as_posix(), _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return buffer.getvalue()
