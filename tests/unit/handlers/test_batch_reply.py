"""The reply to a batch: what Lambda reads, and what the command shows."""

from handlers.batch_reply import batch_reply


def test_a_batch_without_failures_is_done() -> None:
    assert batch_reply({}) == {"batchItemFailures": [], "errors": []}


def test_every_failed_item_is_named_once() -> None:
    assert batch_reply({"m1": ["no key", "no size"], "m2": ["denied"]}) == {
        "batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}],
        "errors": ["no key", "no size", "denied"],
    }


def test_a_reply_names_all_failures_but_only_the_first_errors_and_their_beginnings() -> None:
    failures = {str(n): [str(n) * 2000] for n in range(100)}
    reply = batch_reply(failures)
    assert [each["itemIdentifier"] for each in reply["batchItemFailures"]] == list(failures)
    assert reply["errors"] == [str(n) * 1000 if n < 10 else "" for n in range(10)]
