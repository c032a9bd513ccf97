import pytest

from reinventure.printable import printable


@pytest.mark.parametrize("control", ["\x1b[31m", "\r", "\x00", "\x9b", "\u202e", "\u2028"])
def test_control_characters_are_escaped(control: str) -> None:
    shown = printable(f"safe{control}unsafe")
    assert control[0] not in shown
    assert shown.startswith("safe\\")
