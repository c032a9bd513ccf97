"""The Workers stack: content inspection, with a function and workers."""

import aws_cdk as cdk
from constructs import Construct

from reinventure.contract import InspectionOutputs

from ..catalog.catalog import Catalog
from ..constructs.dead_letter_queue import DeadLetterQueue
from ..constructs.stack_outputs import write_outputs
from ..settings.settings import Settings
from .inspect_function import InspectFunction
from .worker_service import WorkerService


class InspectionStack(cdk.Stack):
    """A function for small objects and workers for large ones. Nothing runs while nothing changes.

    An inspection request is a message in one of two queues, by the object's size. Each has a
    dead-letter queue. The outputs are `InspectionOutputs`.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, catalog: Catalog) -> None:
        super().__init__(
            scope,
            id,
            description="reinventure: content inspection of a catalogued bucket",
            termination_protection=settings.stage == "production",
        )
        examine = InspectFunction(
            self,
            "Examine",
            settings,
            catalog=catalog,
            # Beside the function, because of its logical id: once it was the queue of the workers,
            # too.
            dead_letter_queue=DeadLetterQueue(
                self,
                "Failures",
                settings,
                keys=catalog.keys,
                alarms=catalog.alarms,
                function="inspect",
            ),
        )
        workers = WorkerService(self, "Worker", settings, catalog=catalog)
        write_outputs(
            self,
            InspectionOutputs(
                inspection_failure_queue_url=examine.dead_letter_queue.queue_url,
                examine_queue_url=examine.requests.queue.queue_url,
                worker_queue_url=workers.requests.queue.queue_url,
                inspect_max_mib=settings.inspect_max_mib,
                worker_task_arn=workers.task.task_definition_arn,
                worker_group_name=(
                    workers.fleet.group.auto_scaling_group_name if workers.fleet else None
                ),
                worker_failure_queue_url=workers.dead_letter_queue.queue_url,
            ),
        )
