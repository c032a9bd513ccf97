"""Size and time of pictures that are damaged, or whose directories are in unusual places."""

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.unit.inspection.bytes_source import inspect_bytes, tiff

TAKEN = "2014:11:11 08:00:01"


def exif(**dates: str) -> Image.Exif:
    """Return EXIF with the times when a picture was `taken`, `digitized` and `changed`."""
    found = Image.Exif()
    found[0x010F] = "Camera"
    camera = found.get_ifd(0x8769)
    for name, date in dates.items():
        if name == "changed":
            found[0x0132] = date
        else:
            camera[{"taken": 0x9003, "digitized": 0x9004}[name]] = date
    return found


def picture(kind: str, found: Image.Exif | None = None, size: tuple[int, int] = (40, 30)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, exif=found or Image.Exif())
    return out.getvalue()


def header(content: bytes) -> tuple[object, ...]:
    found = inspect_bytes(content)
    return found.width, found.height, found.taken, found.error


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "invalid",
    [
        "0000:00:00 00:00:00",
        "2014:13:01 00:00:00",
        "2014:02:30 00:00:00",
        "2014:11:11 24:00:00",
        "2014:11:11 12:60:00",
        "    :  :     :  :  ",
        "2014-11-11 08:00:01",
    ],
)
def test_the_first_valid_time_is_used(kind: str, invalid: str) -> None:
    digitized, changed = "2014:11:12 09:30:00", "2014:11:13 10:00:00"
    for dates, expected in (
        ({"taken": invalid}, None),
        ({"taken": invalid, "digitized": digitized}, "2014-11-12T09:30:00"),
        ({"taken": invalid, "digitized": invalid, "changed": changed}, "2014-11-13T10:00:00"),
        ({"taken": TAKEN, "digitized": invalid, "changed": invalid}, "2014-11-11T08:00:01"),
        ({"changed": invalid}, None),
        ({"taken": "2016:02:29 23:59:59"}, "2016-02-29T23:59:59"),
    ):
        assert header(picture(kind, exif(**dates))) == (40, 30, expected, None)


JPEG = picture("JPEG", exif(taken=TAKEN))
EXIF_ENDS = JPEG.index(b"Exif") - 2 + int.from_bytes(JPEG[JPEG.index(b"Exif") - 2 :][:2], "big")


@given(st.binary(min_size=1, max_size=30).filter(lambda stray: b"\xff" not in stray))
def test_stray_bytes_between_the_segments_of_a_jpeg_do_not_matter(stray: bytes) -> None:
    damaged = JPEG[:EXIF_ENDS] + stray + JPEG[EXIF_ENDS:]
    assert Image.open(io.BytesIO(damaged)).size == (40, 30)
    assert header(damaged) == (40, 30, "2014-11-11T08:00:01", None)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 8, 15, 17, 40, 200, 0xFFFF])
def test_a_wrong_length_of_a_segment_does_not_hide_the_size(length: int) -> None:
    content = picture("JPEG")
    assert content[2:4] == b"\xff\xe0"
    damaged = content[:4] + length.to_bytes(2, "big") + content[6:]
    assert header(damaged) == (40, 30, None, None)


def with_thumbnail(content: bytes, length_error: int) -> bytes:
    """Return a JPEG with a thumbnail in its first segment, whose length is wrong."""
    thumbnail = picture("JPEG", size=(16, 12))
    data = b"Exif\0\0" + tiff((0x0100, 40)) + thumbnail
    length = len(data) + 2 + length_error
    return content[:2] + b"\xff\xe1" + length.to_bytes(2, "big") + data + content[2:]


@pytest.mark.parametrize("length_error", [0, -1, -30, -200, -400, 3, 25, 1000])
def test_the_size_of_a_jpeg_is_not_that_of_its_thumbnail(length_error: int) -> None:
    assert header(with_thumbnail(picture("JPEG"), length_error)) == (40, 30, None, None)


def test_fill_bytes_and_markers_without_length_are_passed() -> None:
    content = JPEG[:2] + b"\xff\xff\xff\xff\x01\xff\xd0\xff\xd8" + JPEG[2:]
    assert header(content) == (40, 30, "2014-11-11T08:00:01", None)


def test_a_jpeg_without_a_frame_is_an_error() -> None:
    for content in (JPEG[:40], b"\xff\xd8\xff\xd9", b"\xff\xd8\xff" + bytes(5000)):
        assert header(content)[3] == "no size of the image"


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


IHDR = (b"IHDR", struct.pack(">IIBBBBB", 57, 31, 8, 6, 0, 0, 0))
EXIF = (b"eXIf", tiff((0x0132, 26)) + TAKEN.encode() + b"\0")
IDAT, IEND = (b"IDAT", b"eXIf" + bytes(90_000)), (b"IEND", b"")


def test_a_png_for_ios_has_a_chunk_before_its_header() -> None:
    content = png((b"CgBI", b"\x50\0\x20\x02"), IHDR, IDAT, IEND)
    assert header(content) == (57, 31, None, None)
    assert header(png((b"CgBI", b"\x50\0\x20\x02"), IHDR, EXIF, IDAT, IEND))[2]
    assert header(png((b"tEXt", b""), IHDR, IDAT))[3] == "the first chunk is not IHDR"


def test_exif_of_a_png_may_be_behind_the_pixels() -> None:
    content = png(IHDR, IDAT, EXIF, (b"tEXt", b"a"), IEND)
    assert header(content) == (57, 31, "2014-11-11T08:00:01", None)
    prefixed = (b"eXIf", b"Exif\0\0" + EXIF[1])
    assert header(png(IHDR, prefixed, IEND))[2] == "2014-11-11T08:00:01"
    # The name of the chunk among the pixels is none.
    assert header(png(IHDR, IDAT, IEND)) == (57, 31, None, None)
    assert header(png(IHDR, (b"IDAT", b"eXIf"), IEND)) == (57, 31, None, None)


@pytest.mark.parametrize("big", [False, True])
@given(width=st.integers(1, 300), height=st.integers(1, 300))
def test_size_of_a_tiff_that_pillow_wrote(big: bool, width: int, height: int) -> None:
    out = io.BytesIO()
    Image.new("RGB", (width, height)).save(out, "TIFF", big_tiff=big, tiffinfo={306: TAKEN})
    assert header(out.getvalue()) == (width, height, "2014-11-11T08:00:01", None)


def directory(entries: list[tuple[int, int, int, int]], order: str, big: bool, after: int) -> bytes:
    """Return a directory of `entries`: tag, type, count, value."""
    count, entry, offset = ("Q", "HHQQ", "Q") if big else ("H", "HHII", "I")
    packed = b"".join(struct.pack(f"{order}{entry}", *each) for each in entries)
    if order == ">":
        # A short value is at the beginning of its field.
        packed = b"".join(
            struct.pack(f">{entry[:3]}", *each[:3])
            + (
                struct.pack(">H", each[3]).ljust(8 if big else 4, b"\0")
                if each[1] == 3
                else struct.pack(f">{offset}", each[3])
                if each[1] != 4 or not big
                else struct.pack(">I", each[3]).ljust(8, b"\0")
            )
            for each in entries
        )
    return (
        struct.pack(f"{order}{count}", len(entries))
        + packed
        + struct.pack(f"{order}{offset}", after)
    )


def layout(order: str, big: bool) -> tuple[bytes, int]:
    """Return the bytes before the offset of the first directory, and the size of an offset."""
    mark = b"II" if order == "<" else b"MM"
    magic = struct.pack(f"{order}HHH", 43, 8, 0) if big else struct.pack(f"{order}H", 42)
    return mark + magic, 8 if big else 4


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_directories_of_a_tiff_may_be_behind_300_kb_of_pixels(order: str, big: bool) -> None:
    head, width = layout(order, big)
    data = 400_000
    date = data - 40
    camera, main = data, data + 100
    body = bytearray(data + 400)
    body[: len(head)] = head
    word = {4: "I", 8: "Q"}[width]
    struct.pack_into(f"{order}{word}", body, len(head), main)
    body[date : date + 20] = TAKEN.encode() + b"\0"
    for at, entries in (
        (camera, [(0x9003, 2, 20, date)]),
        (main, [(0x0100, 3, 1, 640), (0x0101, 4, 1, 480), (0x8769, 18 if big else 4, 1, camera)]),
    ):
        packed = directory(entries, order, big, 0)
        body[at : at + len(packed)] = packed
    assert header(bytes(body)) == (640, 480, "2014-11-11T08:00:01", None)


def raw(
    first: list[tuple[int, int]],
    below: list[list[tuple[int, int]]],
    following: list[tuple[int, int]],
) -> bytes:
    """Return a TIFF of a first directory, those below it (SubIFD), and one that follows."""
    places = [1000 + 200 * n for n in range(len(below))]
    parts = {500: b"".join(struct.pack("<I", place) for place in places)}
    pointer = 500 if len(places) != 1 else places[0]
    entries = [(tag, 4, 1, value) for tag, value in first] + [(330, 4, len(places), pointer)]
    parts[8] = directory(entries, "<", False, 3000 if following else 0)
    for place, entry in zip(places, below, strict=True):
        parts[place] = directory([(tag, 4, 1, value) for tag, value in entry], "<", False, 0)
    parts[3000] = directory([(tag, 4, 1, value) for tag, value in following], "<", False, 8)
    body = bytearray(4000)
    body[:8] = b"II*\0" + struct.pack("<I", 8)
    for place, part in parts.items():
        body[place : place + len(part)] = part
    return bytes(body)


THUMBNAIL = [(254, 1), (256, 160), (257, 120)]
FULL = [(254, 0), (256, 6000), (257, 4000)]
PREVIEW = [(254, 1), (256, 1620), (257, 1080)]


@pytest.mark.parametrize(
    ("first", "below", "following", "expected"),
    [
        (THUMBNAIL, [FULL], [], (6000, 4000)),
        (THUMBNAIL, [PREVIEW, FULL], [], (6000, 4000)),
        (THUMBNAIL, [FULL, PREVIEW], THUMBNAIL, (6000, 4000)),
        (THUMBNAIL, [], FULL, (6000, 4000)),
        ([(254, 1)], [FULL], THUMBNAIL, (6000, 4000)),  # the first has no size
        (FULL, [PREVIEW, THUMBNAIL], THUMBNAIL, (6000, 4000)),  # a pyramid
        (FULL, [], [(256, 9000), (257, 9000)], (6000, 4000)),  # a second page
        ([(256, 160), (257, 120)], [FULL], [], (6000, 4000)),  # no kind of the first
        ([(255, 2), (256, 160), (257, 120)], [[(255, 1), (256, 600), (257, 400)]], [], (600, 400)),
        (THUMBNAIL, [], [], (160, 120)),
        (THUMBNAIL, [PREVIEW], [], (1620, 1080)),
    ],
)
def test_the_size_of_a_raw_file_is_that_of_its_full_image(
    first: list[tuple[int, int]],
    below: list[list[tuple[int, int]]],
    following: list[tuple[int, int]],
    expected: tuple[int, int],
) -> None:
    assert header(raw(first, below, following)) == (*expected, None, None)


@pytest.mark.parametrize("mark", [b"CR\2\0", bytes(4)])
def test_the_size_of_a_cr2_is_that_in_the_settings_of_the_camera(mark: bytes) -> None:
    """As of an EOS 20D: a preview, its settings, a thumbnail, and raw data without a size."""
    preview = [(256, 3, 1, 1536), (257, 3, 1, 1024), (0x8769, 4, 1, 100)]
    camera = [(0xA002, 3, 1, 3504), (0xA003, 3, 1, 2336)]
    content = bytearray(400)
    content[:12] = b"II*\0" + struct.pack("<I", 16) + mark
    for place, part in (
        (16, directory(preview, "<", False, 200)),
        (100, directory(camera, "<", False, 0)),
        (200, directory([(0x0201, 4, 1, 0)], "<", False, 250)),
        (250, directory([(0x0103, 3, 1, 6)], "<", False, 0)),
    ):
        content[place : place + len(part)] = part
    # In another TIFF, the size in the settings may be that before the image was cut.
    expected = (3504, 2336) if mark.startswith(b"CR") else (1536, 1024)
    assert header(bytes(content)) == (*expected, None, None)


def test_a_directory_that_is_cut_leaves_those_before_it() -> None:
    content = raw(THUMBNAIL, [FULL], FULL)
    for end in (3001, 2000):
        assert header(content[:end]) == (6000, 4000, None, None)
    assert header(content[:1010]) == (160, 120, None, None)


def endless(next_offset: Callable[[int], int]) -> bytes:
    """Return a TIFF of thumbnails, each of which names another directory."""
    parts = [b"II*\0" + struct.pack("<I", 8)]
    for n in range(100):
        entries = [(tag, 4, 1, value) for tag, value in THUMBNAIL]
        parts.append(directory(entries, "<", False, next_offset(n)))
    return b"".join(parts)


def test_at_most_32_directories_are_read_and_none_twice() -> None:
    size = len(directory([(tag, 4, 1, value) for tag, value in THUMBNAIL], "<", False, 0))
    assert header(endless(lambda _: 8)) == (160, 120, None, None)
    full = directory([(tag, 4, 1, value) for tag, value in FULL], "<", False, 0)
    chain = endless(lambda n: 8 + size * (n + 1))
    for place, expected in ((31, 6000), (32, 160)):
        at = 8 + size * place
        assert header(chain[:at] + full + chain[at + size :])[0] == expected


def test_exif_behind_256_kib_in_a_webp_is_read() -> None:
    at = 300_000
    data = bytearray(at + 50)
    data[:8] = b"II*\0" + struct.pack("<I", at)
    data[at + 20 : at + 40] = TAKEN.encode() + b"\0"
    packed = directory([(0x0132, 2, 20, at + 20)], "<", False, 0)
    data[at : at + len(packed)] = packed
    body = b"VP8X\x0a\0\0\0" + bytes(4) + b"\x27\0\0\x1d\0\0"
    body += b"EXIF" + struct.pack("<I", len(data)) + bytes(data)
    content = b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    assert header(content) == (40, 30, "2014-11-11T08:00:01", None)
