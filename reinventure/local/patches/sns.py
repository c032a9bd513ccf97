"""Patches of the emulator's SNS."""

import importlib
import time
from functools import wraps
from typing import Any

from reinventure.local.patches.patch import patch


@patch("1.5.33")
def template_topics_are_fifo() -> None:
    """Keep the FIFO properties of a topic that CloudFormation creates.

    The topic of the change feed is FIFO: its messages are in order for each key, without
    duplicates.
    """
    provisioners: Any = importlib.import_module("ministack.services.cloudformation.provisioners")
    sns: Any = importlib.import_module("ministack.services.sns")
    create = provisioners._sns_create

    @wraps(create)
    def create_fifo(logical_id: str, properties: Any, stack: str) -> Any:
        arn, attributes = create(logical_id, properties, stack)
        for name in ("FifoTopic", "ContentBasedDeduplication", "FifoThroughputScope"):
            if name in properties:
                value = str(properties[name])
                sns._topics[arn]["attributes"][name] = (
                    value.lower() if value in ("True", "False") else value
                )
        return arn, attributes

    provisioners._sns_create = create_fifo
    provisioners._RESOURCE_HANDLERS["AWS::SNS::Topic"]["create"] = create_fifo


@patch("1.5.33")
def deduplication_ids_expire_in_order() -> None:
    """Remove the expired deduplication ids of a topic without a look at all others.

    For speed only. Each id expires five minutes after it came, so the oldest is the first to go.
    """
    sns: Any = importlib.import_module("ministack.services.sns")

    def remove_expired(topic: dict[str, Any]) -> None:
        cache, now = topic.setdefault("dedup_cache", {}), time.time()
        while cache and cache[oldest := next(iter(cache))]["expire"] <= now:
            del cache[oldest]

    sns._prune_sns_dedup = remove_expired
