"""Type and check of zip archives: Office documents, and zip bombs."""

import io
import struct
import zipfile

import pytest

from s3_catalog.inspection.formats import zip_archive
from tests.unit.inspection.bytes_source import inspect_bytes

OFFICE = "application/vnd.openxmlformats-officedocument."


def archive(*names: str, method: int = zipfile.ZIP_DEFLATED, **files: bytes) -> bytes:
    """Return an archive of small files with `names`, and of `files`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as written:
        for name in names:
            written.writestr(name, CONTENT_TYPES.get(name, "x"))
        for name, content in files.items():
            written.writestr(name, content)
    return out.getvalue()


def content_types(main: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.rels+xml"/>'
        f'<Override PartName="/main.xml" ContentType = "{main}"/></Types>'
    )


DOCUMENT = f"{OFFICE}wordprocessingml.document"
CONTENT_TYPES = {"[Content_Types].xml": content_types(f"{DOCUMENT}.main+xml")}


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
@pytest.mark.parametrize(
    "names",
    [
        ["[Content_Types].xml", "_rels/.rels", "word/document.xml"],
        ["_rels/.rels", "word/document.xml", "[Content_Types].xml"],
        ["docProps/app.xml", *(f"word/media/{n}.png" for n in range(200)), "[Content_Types].xml"],
    ],
)
def test_a_document_of_office_is_known_by_its_content_types(names: list[str], method: int) -> None:
    content = archive(*names, method=method)
    for chunk in (100, 2**20):
        found = inspect_bytes(content, "k", chunk)
        assert (found.content_type, found.error) == (DOCUMENT, None)


@pytest.mark.parametrize(
    ("main", "kind"),
    [
        (f"{OFFICE}spreadsheetml.sheet.main+xml", f"{OFFICE}spreadsheetml.sheet"),
        (f"{OFFICE}presentationml.presentation.main+xml", f"{OFFICE}presentationml.presentation"),
        (f"{OFFICE}presentationml.slideshow.main+xml", f"{OFFICE}presentationml.slideshow"),
        (f"{OFFICE}wordprocessingml.template.main+xml", f"{OFFICE}wordprocessingml.template"),
        (
            "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
            "application/vnd.ms-excel.sheet.macroenabled.12",
        ),
        (
            "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
            "application/vnd.ms-word.template.macroenabled.12",
        ),
        (
            "application/vnd.ms-excel.sheet.binary.macroEnabled.main",
            "application/vnd.ms-excel.sheet.binary.macroenabled.12",
        ),
        ("application/vnd.ms-package.xps-fixeddocumentsequence+xml", "application/zip"),
        ("image/png", "application/zip"),
    ],
)
def test_the_type_of_a_document_is_that_of_its_main_part(
    main: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONTENT_TYPES, "[Content_Types].xml", content_types(main))
    for names in (["[Content_Types].xml", "a"], ["a", "[Content_Types].xml"]):
        assert inspect_bytes(archive(*names)).content_type == kind


@pytest.mark.parametrize(
    "names",
    [
        ["password/list.txt"],
        ["word/list.txt", "xl/list.txt"],
        ["xl/", "ppt/"],
        ["notes/[Content_Types].xml", "word/"],
        ["a", "docs/META-INF/MANIFEST.MF"],
        ["a", "mimetype"],
    ],
)
def test_folders_with_such_names_do_not_make_a_zip_a_document(names: list[str]) -> None:
    assert inspect_bytes(archive(*names)).content_type == "application/zip"


def test_a_truncated_document_is_known_by_its_first_entry() -> None:
    content = archive("[Content_Types].xml", "_rels/.rels", "word/document.xml")
    found = inspect_bytes(content[:-60])
    assert (found.content_type, found.error) == (DOCUMENT, "truncated: no central directory")


def test_other_formats_in_a_zip_have_their_own_types() -> None:
    jar, apk = "application/java-archive", "application/vnd.android.package-archive"
    assert (
        inspect_bytes(archive("META-INF/", "META-INF/MANIFEST.MF", "A.class")).content_type == jar
    )
    assert inspect_bytes(archive("A.class", "META-INF/MANIFEST.MF")).content_type == jar
    for names in (["AndroidManifest.xml", "META-INF/MANIFEST.MF"], ["a", "AndroidManifest.xml"]):
        assert inspect_bytes(archive(*names)).content_type == apk
    for kind in ("application/epub+zip", "application/vnd.oasis.opendocument.Text"):
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            files = {"mimetype": kind.encode()}
            assert inspect_bytes(archive(method=method, **files)).content_type == kind.lower()


def test_a_list_of_content_types_is_unpacked_up_to_64_kib(monkeypatch: pytest.MonkeyPatch) -> None:
    def document(filler: int) -> str | None:
        text = " " * filler + content_types(f"{DOCUMENT}.main+xml")
        monkeypatch.setitem(CONTENT_TYPES, "[Content_Types].xml", text)
        return inspect_bytes(archive("[Content_Types].xml")).content_type

    assert document(60_000) == DOCUMENT
    assert document(66_000) == "application/zip"
    assert document(50_000_000) == "application/zip"


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, zipfile.ZIP_STORED]
)
def test_an_honest_archive_of_zeros_is_no_bomb(method: int) -> None:
    found = inspect_bytes(archive(method=method, zeros=bytes(8_000_000)))
    assert (found.content_type, found.error) == ("application/zip", None)


def edited(content: bytes, field: int, value: int) -> bytes:
    """Return an archive whose only entry has another size in its directory."""
    changed = bytearray(content)
    entry = changed.rindex(b"PK\x01\x02")
    struct.pack_into("<I", changed, entry + field, value)
    return bytes(changed)


def test_an_archive_that_claims_more_than_deflate_can_pack_is_a_bomb() -> None:
    content = archive(zeros=bytes(40_000_000))
    assert inspect_bytes(content).error is None
    false = inspect_bytes(edited(content, 24, 100_000_000))
    assert str(false.error).startswith("a zip bomb: ")
    assert str(false.error).endswith(" would unpack to 100,000,000")


def test_entries_that_overlap_are_a_bomb() -> None:
    content = archive(zeros=bytes(10_000_000))
    end = content.rindex(b"PK\x05\x06")
    start = content.rindex(b"PK\x01\x02")
    entry, ending = content[start:end], bytearray(content[end:])
    struct.pack_into("<HHI", ending, 8, 200, 200, 200 * len(entry))
    found = inspect_bytes(content[:start] + entry * 200 + bytes(ending))
    assert str(found.error).startswith("a zip bomb: ")


def test_sizes_of_more_than_4_gib_are_those_of_the_zip64_field() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        entry = zipfile.ZipInfo("a")
        entry.extra = struct.pack("<HHQQ", 1, 16, 5_000_000_000, 4_900_000)
        written.writestr(entry, b"")
    content = edited(edited(out.getvalue(), 24, 0xFFFFFFFF), 20, 0xFFFFFFFF)
    content = edited(content, 8, 8 << 16)
    assert str(inspect_bytes(content).error).endswith(" would unpack to 5,000,000,000")


def long(content: bytes, extra: bytes = b"", at: int | None = None) -> bytes:
    """Return an archive with the directory's place in the records of Zip64 alone."""
    end = content.rindex(b"PK\x05\x06")
    size, offset = struct.unpack_from("<II", content, end + 12)
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, offset)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end if at is None else at, 1)
    ending = bytearray(content[end:])
    struct.pack_into("<II", ending, 12, 0xFFFFFFFF, 0xFFFFFFFF)
    return content[:end] + record + extra + locator + bytes(ending)


def test_a_directory_of_zip64_is_read() -> None:
    content = archive("_rels/.rels", "[Content_Types].xml")
    for extra in (b"", b"\x01\x00" + bytes(30)):
        found = inspect_bytes(long(content, extra))
        assert (found.content_type, found.error) == (DOCUMENT, None)
    zeros = edited(archive(zeros=bytes(40_000_000)), 24, 100_000_000)
    assert str(inspect_bytes(long(zeros)).error).endswith(" would unpack to 100,000,000")


@pytest.mark.parametrize("at", [0, 10**6, 2**63])
def test_a_directory_of_zip64_that_is_not_there_is_an_error(at: int) -> None:
    found = inspect_bytes(long(archive("a"), at=at))
    assert found.error == "truncated: no central directory of Zip64"


def test_the_offset_of_an_entry_may_be_in_its_zip64_field() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        written.writestr("a", b"x")
        offset = out.tell()
        entry = zipfile.ZipInfo("[Content_Types].xml")
        entry.extra = struct.pack("<HHQ", 1, 8, offset)
        written.writestr(entry, CONTENT_TYPES["[Content_Types].xml"])
    content = edited(out.getvalue(), 42, 0xFFFFFFFF)
    assert inspect_bytes(content).content_type == DOCUMENT


def test_a_zip64_field_that_is_cut_has_no_number() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as written:
        entry = zipfile.ZipInfo("a")
        entry.extra = struct.pack("<HHQH", 1, 10, 5_000_000_000, 0)
        written.writestr(entry, b"")
    content = edited(edited(out.getvalue(), 24, 0xFFFFFFFF), 20, 0xFFFFFFFF)
    field = content.rindex(struct.pack("<HH", 1, 10))
    # Its length is that of two numbers, and the directory has one and two bytes.
    content = content[:field] + struct.pack("<HH", 1, 16) + content[field + 4 :]
    found = inspect_bytes(content)
    assert str(found.error).endswith(" would unpack to 5,000,000,000")


def test_a_locator_of_zip64_that_is_cut_is_none() -> None:
    # Behind it, the longest comment: of the locator, only the end is where it is looked for.
    locator = b"PK\x06\x07" + bytes(6)
    end = struct.pack("<4s8xIIH", b"PK\x05\x06", 0xFFFFFFFF, 0xFFFFFFFF, 65_535)
    content = b"PK\x03\x04" + bytes(100) + locator + end + bytes(65_535 + 10)
    assert inspect_bytes(content).error == "truncated: no central directory of Zip64"


@pytest.mark.parametrize("bug", [struct.error("too short"), IndexError("no such byte")])
def test_a_bug_in_the_parser_of_an_archive_is_its_error(
    bug: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_directory(_: object) -> None:
        raise bug

    monkeypatch.setattr(zip_archive, "check_directory", check_directory)
    found = inspect_bytes(archive("a"))
    assert found.error == f"unexpected {type(bug).__name__}: {bug}"
    assert found.sha256
