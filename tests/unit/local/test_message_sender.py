"""The emulator's messages that services send."""

from typing import Any

from reinventure.local.patches.sqs import SentBy


def test_a_message_reaches_a_queue_that_got_a_new_list_meanwhile() -> None:
    queue: dict[str, Any] = {"messages": [{"id": "old"}]}
    messages = SentBy("service", queue)
    # As the emulator does when a consumer deletes a message, in another thread.
    queue["messages"] = []
    messages.append({"id": "new", "sys": {"SentTimestamp": "1"}})
    assert queue["messages"] == [
        {"id": "new", "sys": {"SentTimestamp": "1", "SenderId": "service"}}
    ]
