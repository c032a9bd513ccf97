"""The Workers stack: what looks inside the objects of a catalog, by two doors."""

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
    """A function for small objects, workers for large ones; nothing runs while nothing changes.

    What neither could do waits in the queue of the output `InspectionFailureQueueUrl`. To have an
    object looked into, say so in the queue `ExamineQueueUrl`, or `WorkerQueueUrl` if it has more
    than `InspectMaxMib` MiB. `WorkerTaskArn` is the definition of a worker.
    """

    def __init__(self, scope: Construct, id: str, settings: Settings, catalog: Catalog) -> None:
        super().__init__(
            scope,
            id,
            description="reinventure: looks inside the objects of a catalogued bucket",
            termination_protection=settings.stage == "production",
        )
        catalog.keys.let_log(self, sid="EncryptLogsOfWorkers")
        failures = DeadLetterQueue(self, "Failures", settings, catalog.keys)
        examine = InspectFunction(self, "Examine", settings, catalog=catalog, failures=failures)
        workers = WorkerService(self, "Worker", settings, catalog=catalog, failures=failures)
        write_outputs(
            self,
            InspectionOutputs(
                inspection_failure_queue_url=failures.queue_url,
                examine_queue_url=examine.door.queue.queue_url,
                worker_queue_url=workers.door.queue.queue_url,
                inspect_max_mib=settings.inspect_max_mib,
                worker_task_arn=workers.task.task_definition_arn,
            ),
        )
