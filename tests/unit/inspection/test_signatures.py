"""The type of content: a signature counts only if the rest of the format fits."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile

import pytest
from PIL import Image

from tests.unit.inspection.bytes_source import FILES, inspect_bytes, zipped

WORDS = """
PAR1 PARE ORC GIF89a GIF87a ID3 BZh BZh9 OggS fLaC wOFF wOF2 BM RIFF %PDF- {\\rtf Obj PK MM II Rar!
%!PS-Adobe- SQLite ARROW1 7z 8BPS
"""


@pytest.mark.parametrize("word", WORDS.split())
@pytest.mark.parametrize("rest", ["", "_ID", " is how this begins"])
def test_a_text_that_begins_with_a_signature_is_text(word: str, rest: str) -> None:
    text = f"{word}{rest},second column,third\n1,2,3\n".encode()
    found = inspect_bytes(text, "t.csv")
    assert (found.content_type, found.columns, found.rows) == ("text/csv", 3, 2)
    assert inspect_bytes(text, "notes").content_type == "text/plain"
    assert inspect_bytes(f"{word}{rest}".encode(), "notes").content_type == "text/plain"


def test_signatures_within_a_text_do_not_count() -> None:
    for text in (
        "fid,ftype,name\n",
        "RIFF0123WAVE,a\n",
        "RIFFabcdWEBP,a\n",
        "a" * 257 + "ustar,b\n",
        "BM" + "x" * 100 + "\n",
        "ID3,tag,size\n",
        "    ftypmp42isom\n",
    ):
        assert inspect_bytes(text.encode(), "t.csv").content_type == "text/csv", text


def test_a_stray_control_character_does_not_make_a_signature_count() -> None:
    for start in (
        b"PARENT_ID,b\x1c\n",
        b"ORC,b\x1c\n",
        b"GIF89a,b\x00\n",
        b"ustar" * 60 + b"\x1c,b\n",
    ):
        assert inspect_bytes(start + b"1,2\n" * 100, "t.csv").content_type == "text/csv"


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    box = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return (len(box) + 4).to_bytes(4, "big") + box + bytes(40)


@pytest.mark.parametrize(
    ("major", "compatible", "kind"),
    [
        (b"heic", [b"mif1", b"heic"], "image/heic"),
        (b"heix", [b"mif1"], "image/heic"),
        (b"hevc", [b"msf1", b"hevc", b"heic"], "image/heic-sequence"),
        (b"mif1", [b"mif1", b"heic"], "image/heif"),
        (b"msf1", [b"msf1", b"hevc", b"heic", b"mif1"], "image/heif-sequence"),
        (b"avif", [b"avif", b"mif1", b"miaf"], "image/avif"),
        (b"avis", [b"avis", b"msf1"], "image/avif"),
        (b"mif1", [b"mif1", b"avif"], "image/avif"),
        (b"crx ", [b"crx ", b"isom"], "image/x-canon-cr3"),
        (b"mp42", [b"mp41", b"isom"], "video/mp4"),
        (b"isom", [b"isom", b"iso2", b"avc1", b"mp41"], "video/mp4"),
        (b"isom", [b"isom", b"3gp4"], "video/mp4"),
        (b"M4V ", [b"M4V ", b"M4A ", b"mp42"], "video/mp4"),
        (b"M4A ", [b"M4A ", b"mp42"], "audio/mp4"),
        (b"mp42", [b"M4A ", b"mp42"], "audio/mp4"),
        (b"M4B ", [], "audio/mp4"),
        (b"qt  ", [b"qt  "], "video/quicktime"),
        (b"3gp5", [b"3gp5", b"isom"], "video/3gpp"),
        (b"3g2a", [b"3g2a"], "video/3gpp2"),
        (b"XAVC", [b"XAVC", b"mp42", b"iso2"], "video/mp4"),
        (b"what", [b"qt  "], "video/quicktime"),
        (b"what", [], "video/mp4"),
    ],
)
def test_the_type_of_iso_media_follows_from_its_brands(
    major: bytes, compatible: list[bytes], kind: str
) -> None:
    for chunk in (5, 2**20):
        assert inspect_bytes(ftyp(major, *compatible), "k", chunk).content_type == kind


def test_the_type_of_what_other_programs_wrote() -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"), io.BytesIO())
    for content, kind in (
        (tar.getvalue(), "application/x-tar"),
        (bz2.compress(b"a,b\n" * 99), "application/x-bzip2"),
        (bz2.compress(b""), "application/x-bzip2"),
        (lzma.compress(b"a,b\n"), "application/x-xz"),
        (gzip.compress(b"a,b\n"), "application/gzip"),
        (zipped("a", b""), "application/zip"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"{\\rtf1\\ansi hello}", "application/rtf"),
        (b"ID3\x03\x00\x00\x00\x00\x0f\x76" + bytes(20), "audio/mpeg"),
        (b"fLaC\x00\x00\x00\x22" + bytes(34), "audio/flac"),
        (b"OggS\x00\x02" + bytes(20), "application/ogg"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(20), "audio/wav"),
        # The size of a file of 1.6 GB, which is four letters, too.
        (b"RIFFabcdWAVEfmt " + bytes(20), "audio/wav"),
        (b"ORC\x0a\x03\x00\x00\x00" + bytes(20), "application/vnd.apache.orc"),
    ):
        assert inspect_bytes(content, "t.csv").content_type == kind


def test_parquet_is_known_by_its_end_or_its_first_structure() -> None:
    content = (FILES / "nested.parquet").read_bytes()
    for cut in (len(content), len(content) - 1, 100, 5):
        found = inspect_bytes(content[:cut], "t.csv")
        assert found.content_type == "application/vnd.apache.parquet"
        assert (found.error is None) is (cut == len(content))
    # A text may end with the signature, too: its "length" is longer than the file.
    assert inspect_bytes(b"PAR1,a\n1,PAR1", "t.csv").content_type == "text/csv"


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
@pytest.mark.parametrize("reserved", [0, 1, 0xFFFFFFFF])
def test_the_reserved_fields_of_a_bitmap_may_have_any_value(mode: str, reserved: int) -> None:
    out = io.BytesIO()
    Image.new(mode, (30, 20)).save(out, "BMP")
    content = bytearray(out.getvalue())
    struct.pack_into("<I", content, 6, reserved)
    found = inspect_bytes(bytes(content))
    assert (found.content_type, found.width, found.height) == ("image/bmp", 30, 20)


def test_a_bitmap_of_os2_and_one_whose_rows_are_top_down() -> None:
    os2 = b"BM" + struct.pack("<IIIIHHHH", 30, 0, 26, 12, 30, 20, 1, 24)
    assert inspect_bytes(os2 + bytes(40)).width == 30
    down = b"BM" + struct.pack("<IIIIiiHH", 99, 0, 54, 40, 30, -20, 1, 24) + bytes(60)
    found = inspect_bytes(down)
    assert (found.content_type, found.width, found.height) == ("image/bmp", 30, 20)


PAGE = "<!DOCTYPE html>\n<html><body>Please log in, then try again</body></html>\n"


@pytest.mark.parametrize(
    "page",
    [
        PAGE,
        f"\n\n  {PAGE}",
        "<HTML lang=en><head></head></HTML>",
        "<html>",
        "<head><title>Error, 403</title></head>",
        f"<!-- saved, by hand -->\n<!-- a -->\n{PAGE}",
        '<!doctype HTML public "-//W3C//DTD HTML 4.01//EN">',
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.json", "t.jsonl", "t.txt", "t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_page_is_html_whatever_its_name(page: str, name: str, encoding: str) -> None:
    found = inspect_bytes(page.encode(encoding), name, 9)
    assert (found.content_type, found.error) == ("text/html", None)
    assert (found.columns, found.rows) == (None, None)


def test_a_text_with_a_tag_in_it_is_no_page() -> None:
    for text in ("<htmlx,b\n", "<a>,b\n", "<header>,b\n", "x,<html>\n"):
        assert inspect_bytes(text.encode(), "t.csv").content_type == "text/csv"


XML = '<?xml version="1.0" encoding="utf-16"?><Error><Code>AccessDenied</Code></Error>'


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("name", ["t.xml", "t.csv", "t.json", "t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_xml_is_xml_in_each_encoding(encoding: str, name: str, mark: str) -> None:
    found = inspect_bytes((mark + XML).encode(encoding), name, 3)
    assert (found.content_type, found.error, found.lines) == ("text/xml", None, 1)
    shown = "utf-16" if encoding.startswith("utf-16") else encoding
    if encoding == "utf-8":
        shown = "utf-8-sig" if mark else "ascii"
    assert found.encoding == shown


@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
def test_json_is_json_even_if_its_name_is_that_of_a_table(name: str) -> None:
    for text, kind, rows in (
        (b'[{"a": 1, "b": 2},\n {"a": 3, "b": 4}]', "application/json", 2),
        (b'{"error": "no, access"}', "application/json", None),
        (b'{"a": 1}\n{"a": 2}\n{"a": 3}\n', "application/x-ndjson", 3),
        (b"[" + b'"x", ' * 300_000 + b"1]", "application/json", 300_001),
    ):
        for chunk in (1 if len(text) < 100 else 2**16, 2**20):
            found = inspect_bytes(text, name, chunk)
            assert (found.content_type, found.rows, found.error) == (kind, rows, None)
            assert found.columns is None


def test_a_table_may_begin_with_a_bracket() -> None:
    for text, columns in (
        (b"[id],[name]\n1,2\n", 2),
        (b"[1, 2\n3, 4\n", 2),
        (b'{x},"a\nb",c\n1,2,3\n', 3),
        (b"[]\n}", 1),
    ):
        for chunk in (1, 2**20):
            found = inspect_bytes(text, "t.csv", chunk)
            assert (found.content_type, found.columns, found.rows) == ("text/csv", columns, 2)
    long = b"[x],y\n" + b"z" * 2_000_000
    assert "longer than" in str(inspect_bytes(long, "t.csv").error)


def test_detection_does_not_depend_on_the_size_of_the_chunks() -> None:
    # The name of a part of an Office document, behind the first 4,096 bytes.
    content = zipped("notes.txt", b"word/document.xml")
    far = b"plain text, " * 400 + b"ustar"
    for chunk in (1, 100, 4096, 2**20):
        assert inspect_bytes(content, "k", chunk).content_type == "application/zip"
        assert inspect_bytes(far, "k", chunk).content_type == "text/plain"


@pytest.mark.parametrize(
    "content",
    [
        b"IIRO\x08\0\0\0" + bytes(300),  # Olympus ORF
        b"IIU\0\x18\0\0\0" + bytes(300),  # Panasonic RW2
        b"FUJIFILMCCD-RAW 0201FF383501" + bytes(300),  # Fujifilm RAF
        b"II\x1a\0\0\0HEAPCCDR" + bytes(300),  # Canon CRW
        "a,b\nä,2\n".encode("utf-16-le"),
        "a,b\nä,2\n".encode("utf-16-be"),
        "a,b\nä,2\n".encode("utf-32-le"),
    ],
)
@pytest.mark.parametrize("name", ["k", "k.csv", "k.json"])
def test_what_is_documented_as_unknown_is_binary(content: bytes, name: str) -> None:
    found = inspect_bytes(content, name)
    assert (found.content_type, found.error) == ("application/octet-stream", None)
