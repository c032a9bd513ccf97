"""The XML of a notification configuration: one element changes, and no other byte."""

from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_catalog.attachment.notification_document import NotificationDocument
from s3_catalog.exceptions import MalformedError
from tests.unit.attachment.bucket_model import SWITCH, XMLNS, document

EMPTY = f'<?xml version="1.0" encoding="UTF-8"?>\n<NotificationConfiguration xmlns="{XMLNS}"/>'
QUEUE = (
    "<QueueConfiguration><Id> one </Id><Queue>arn:aws:sqs:us-east-1:123456789012:q</Queue>"
    "<Event>s3:ObjectCreated:*</Event><Event>s3:ObjectTagging:*</Event><Filter><S3Key><FilterRule>"
    "<Name>Prefix</Name><Value>a &amp; b/ </Value></FilterRule></S3Key></Filter>"
    "</QueueConfiguration>"
)


def parse(content: str | bytes) -> NotificationDocument:
    return NotificationDocument.parse(content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize(
    ("found", "switched_on"),
    [
        (document(QUEUE), document(QUEUE, SWITCH)),
        (document(), document(SWITCH)),
        (EMPTY.encode(), EMPTY.encode()[:-2] + f">{SWITCH}</NotificationConfiguration>".encode()),
        (
            b"<NotificationConfiguration a='/>' b=\">\" />\n<!-- > -->",
            b"<NotificationConfiguration a='/>' b=\">\" >%s</NotificationConfiguration>\n<!-- > -->"
            % SWITCH.encode(),
        ),
        (
            b"\xef\xbb\xbf<NotificationConfiguration></NotificationConfiguration >",
            b"\xef\xbb\xbf<NotificationConfiguration>%s</NotificationConfiguration >"
            % SWITCH.encode(),
        ),
    ],
)
def test_switching_on_inserts_an_element_and_switching_off_cuts_it_out(
    found: bytes, switched_on: bytes
) -> None:
    before = parse(found)
    assert not before.on
    assert before.switched(False) == found
    assert before.switched(True) == switched_on
    after = parse(switched_on)
    assert after.on
    assert after.entries == before.entries
    assert after.switched(True) == switched_on
    assert not parse(after.switched(False)).on
    assert parse(after.switched(False)).entries == before.entries


@pytest.mark.parametrize(
    "switch",
    [
        SWITCH,
        "<EventBridgeConfiguration></EventBridgeConfiguration>",
        "<EventBridgeConfiguration a='>' b=\"/>\" />",
        "<EventBridgeConfiguration>\n<New><EventBridgeConfiguration/></New></EventBridgeConfiguration\n>",
        f"{SWITCH}<!-- again -->{SWITCH}",
    ],
)
def test_every_form_of_the_switch_is_cut_out_and_nothing_else(switch: str) -> None:
    found = parse(document("<!-- 1 -->", switch, QUEUE, "\n"))
    assert found.on
    rest = found.switched(False)
    comment = "<!-- again -->" if "again" in switch else ""
    assert rest == document("<!-- 1 -->", comment, QUEUE, "\n")


def test_an_element_of_that_name_elsewhere_is_no_switch() -> None:
    inner = f"<New>{SWITCH}</New>"
    assert not parse(document(inner)).on
    assert parse(document(inner)).switched(True) == document(inner, SWITCH)


def test_order_and_space_between_elements_do_not_count_but_values_do() -> None:
    one = parse(document(QUEUE, "<B><C a='1' b='2'>x</C><D/></B>"))
    other = parse(
        document("\n <B>\n<D></D> <C b='2' a='1'>x</C></B>", QUEUE.replace("><", ">\n  <"), SWITCH)
    )
    assert one.entries == other.entries
    for changed in (
        QUEUE.replace("b/ <", "b/<"),
        QUEUE.replace("<Event>s3:ObjectTagging:*</Event>", ""),
        QUEUE.replace(" one ", "one"),
        QUEUE * 2,
        "",
    ):
        assert parse(document(changed)).entries != parse(document(QUEUE)).entries


DEEP = 100_000
BOMB = (
    '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;&a;&a;&a;">]>'
    "<NotificationConfiguration><Id>&c;</Id></NotificationConfiguration>"
)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not XML: no element found"),
        (b"not XML", "is not XML"),
        (b"<NotificationConfiguration>", "is not XML: no element found"),
        (b"<NotificationConfiguration/><a/>", "is not XML: junk after document element"),
        (b"<NotificationConfiguration>&unknown;</NotificationConfiguration>", "undefined entity"),
        (b"<NotificationConfiguration>\xff</NotificationConfiguration>", "not well-formed"),
        (EMPTY.encode("utf-16"), "is not XML in UTF-8"),
        (EMPTY.encode("utf-16-le"), "is not XML in UTF-8"),
        (b"<Error><Code>NoSuchBucket</Code></Error>", "but an element 'Error'"),
        (b"<!DOCTYPE NotificationConfiguration><NotificationConfiguration/>", "document type"),
        (BOMB.encode(), "document type"),
        (
            b'<!DOCTYPE n SYSTEM "file:///etc/passwd"><NotificationConfiguration/>',
            "document type",
        ),
        (document("<a>" * DEEP + "</a>" * DEEP), "nested too deeply"),
    ],
)
def test_another_document_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        NotificationDocument.parse(content)


NAMES = st.sampled_from(["Id", "Queue", "Event", "Filter", "New", "EventBridgeConfiguration", "ü"])
# The last two of the plane are no characters of XML 1.0 (production 2).
TEXTS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"
    ),
    max_size=6,
)
SPACES = st.sampled_from(["", "", "\n  ", "<!-- > < -->", "<?pi > ?>"])


def _element(name: str, attribute: str, content: str, space: str) -> str:
    if not content:
        return f"{space}<{name} a={quoteattr(attribute)}/>"
    return f"{space}<{name} a={quoteattr(attribute)}>{content}</{name}>"


ELEMENTS = st.recursive(
    st.builds(_element, NAMES, TEXTS, TEXTS.map(escape), SPACES),
    lambda inner: st.builds(
        _element, NAMES, TEXTS, st.lists(inner, max_size=3).map("".join), SPACES
    ),
    max_leaves=10,
)
FOREIGN = st.lists(
    st.builds(
        _element,
        NAMES.filter(lambda name: name != "EventBridgeConfiguration"),
        TEXTS,
        st.lists(ELEMENTS, max_size=3).map("".join),
        SPACES,
    ),
    max_size=5,
)


@given(FOREIGN, FOREIGN)
def test_every_other_byte_stays(before: list[str], after: list[str]) -> None:
    off, on = document(*before, *after), document(*before, SWITCH, *after)
    assert not parse(off).on
    assert parse(on).on
    assert parse(on).switched(False) == off
    assert parse(off).switched(True) == document(*before, *after, SWITCH)
    assert parse(on).entries == parse(off).entries
