"""HTML in which text is always text."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reinventure.console.markup import element as e

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</td></table><script>alert(1)</script>",
    '" autofocus onfocus="alert(1)',
    "' x='",
    "&lt;b&gt;&#x41;",
    "a\x00b\x1b[31m\r\n",
    "evil\u202egnp.exe",
    "]]>--><!--",
]


class Reader(HTMLParser):
    """Collects the elements, attributes and text of a document, as a browser reads them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= dict(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


@pytest.mark.parametrize("key", HOSTILE)
def test_a_key_is_text_and_a_value_and_nothing_else(key: str) -> None:
    found = read(str(e("td", e("bdi", key), title=key)))
    assert found.tags == ["td", "bdi"]
    assert list(found.attributes) == ["title"]
    assert found.text == found.attributes["title"]


def test_characters_that_are_not_seen_are_spelled_out() -> None:
    html = str(e("b", "a\x1b[31m\u202eb\u200b"))
    assert html == "<b>a\\x1b[31m\\u202eb\\u200b</b>"


@given(st.text())
def test_any_text_is_one_text(text: str) -> None:
    found = read(f"<i>{e('b', text, title=text)}</i>")
    assert found.tags == ["i", "b"]


def test_attributes_and_children() -> None:
    html = str(
        e(
            "input",
            type="checkbox",
            checked=True,
            disabled=False,
            value=None,
            data_x_y=1,
            class_="a",
        )
    )
    assert html == '<input type="checkbox" checked data-x-y="1" class="a">'
    assert str(e("p", "a", None, 7, [e("br"), ("b", "c")])) == "<p>a7<br>bc</p>"


@pytest.mark.parametrize("name", ["a b", "on<", "", "1", 'x"'])
def test_a_name_that_could_end_the_tag_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        e(name)
    with pytest.raises(ValueError, match="not a name"):
        e("p", **{name: "x"})
