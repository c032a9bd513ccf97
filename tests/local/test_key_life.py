"""One key's life, told by the lines that the functions log on the local cloud."""

from functools import partial

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console.key_life import Entry, Tone, life
from tests.local.redelivery import deliver_again, has_followed, lines
from tests.waiting import wait_until

KEY = 'life/he said "hi" \\ * { $.key = "*" }\n<img src=x onerror=alert(1)>\u202e.txt'


def told(catalog: DeployedCatalog) -> list[Entry]:
    state = catalog.key_state(KEY)
    return life(lines(catalog, KEY), state.row, state.versions, equal=state.agree)


def test_a_late_duplicate_is_superseded_with_its_reason(catalog: DeployedCatalog) -> None:
    for number, body in enumerate((b"1", b"22"), 1):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=KEY, Body=body)
        wait_until(partial(has_followed, catalog, KEY, number))
    [first, second] = lines(catalog, KEY, "arrived")
    assert first["sequencer"] < second["sequencer"]
    deliver_again(catalog, KEY, first)
    wait_until(lambda: len(lines(catalog, KEY, "decided")) == 3)

    entries = told(catalog)
    puts = [entry for entry in entries if entry.title.startswith("Put")]
    assert [(entry.title, entry.tone, entry.clause) for entry in puts] == [
        ("Put 1 byte", Tone.PAST, "ROW_MISSING"),
        ("Put 2 bytes", Tone.CURRENT, "EVENT_IS_NEWER"),
        ("Put 1 byte", Tone.SUPERSEDED, "EVENT_IS_NEWER"),
    ]
    assert "Superseded: the row already has" in puts[2].sentence
    assert ("size", "1", "2") in puts[1].changed
    assert puts[2].changed == []
    followed = {entry.title for entry in entries if entry.tone is Tone.FOLLOWED}
    assert followed == {"Counted", "Published"}
    assert any(entry.sentence == "+1 object, +1 byte in / and life/." for entry in entries)
    assert entries[-1].tone is Tone.EQUAL
    delays = [entry.delay for entry in entries[:-1]]
    assert all(delay is not None for delay in delays)
