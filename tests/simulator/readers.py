"""What reads the stream of the table: subscribers of the change feed, the SQL mirror, the totals.

The messages are those of the publisher, and the mirror compares the places that it stores. Its SQL
statement has tests of its own, in `tests/sql`.
"""

import json
from collections import defaultdict
from random import Random
from typing import TYPE_CHECKING, Any, cast

from reinventure.aws.change_watcher import Order
from s3_catalog.exceptions import UnreadableError
from s3_catalog.feed import message as messages
from s3_catalog.model.change import Change
from s3_catalog.sql_mirror import state as states
from s3_catalog.table.item import from_item
from s3_catalog.totals.tally import Tally, growth
from tests.simulator.expression import Item
from tests.simulator.network import Place
from tests.simulator.violation import Violation

if TYPE_CHECKING:
    from s3_catalog.sql_mirror.state import State


class Readers:
    """The readers of the stream of one table.

    `changes` counts the messages. `totals` are those of the buckets. `stored` is what the latest
    message says of each key, and `mirror` what the mirror has of it, by bucket and key.
    """

    def __init__(self) -> None:
        self.mirror: dict[Place, State] = {}
        self.totals: dict[str, Tally] = defaultdict(Tally)
        self.changes = 0
        self.stored: dict[Place, dict[str, Any] | None] = {}
        self._waiting: dict[Place, list[State]] = defaultdict(list)
        self._orders: dict[Place, Order] = defaultdict(Order)

    def read(self, old: Item | None, new: Item) -> None:
        """Read a change of a row. A subscriber that gets the messages in order drops none."""
        row = from_item(cast("Any", new))
        before = from_item(cast("Any", old)) if old else None
        change = Change(str(self.changes), "", 0, row.bucket, row.key, before, row)
        self.totals[change.bucket].add(growth(change))
        if not change.kind:
            return
        self.changes += 1
        body = json.dumps(messages.message(change, change.kind))
        message = json.loads(body)
        place = message["bucket"], message["key"]
        self.stored[place] = message["new"]
        if not self._orders[place].is_new(message):
            raise Violation(f"a subscriber drops {body}, the change from {old}")
        try:
            state = states.parse(body)
        except UnreadableError as error:
            raise Violation(f"the mirror refuses {body}") from error
        self._waiting[state.bucket, state.key].append(state)

    def mirror_all(self) -> None:
        """Deliver to the mirror what it has not got yet, in any order, and much of it twice."""
        for place in list(self._waiting):
            self._mirror(place)

    def forget(self, place: Place) -> None:
        """Forget a key whose tombstone has expired: no message is on its way any more."""
        self._mirror(place)
        self.mirror.pop(place, None)
        self.stored.pop(place, None)
        self._orders.pop(place, None)

    def _mirror(self, place: Place) -> None:
        waiting = self._waiting.pop(place, [])
        chance = Random(self.changes)  # noqa: S311  (not for secrets)
        waiting += chance.choices(waiting, k=len(waiting))
        chance.shuffle(waiting)
        for state in waiting:
            if place not in self.mirror or state.place > self.mirror[place].place:
                self.mirror[place] = state
