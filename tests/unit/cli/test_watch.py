from reinventure.cli.watch import change_line


def test_a_change_is_a_line() -> None:
    change = {"time": "2026-11-23T10:15:30.123Z", "kind": "created", "key": "a\nb"}
    assert change_line({**change, "new": {"size": 1234}}) == (
        "2026-11-23 10:15:30 created           1234 a\\nb"
    )
    assert change_line({**change, "kind": "deleted", "new": None}) == (
        "2026-11-23 10:15:30 deleted              - a\\nb"
    )
