"""The emulator of the local cloud, MiniStack: how it is run, and its patches.

`patched_app` is the ASGI application that the local cloud serves. Each patch is for one version of
MiniStack; `check_version` raises UserError for any other. docs/emulator.md describes each fault,
with a script that shows it. What the templates do differently for the emulator is in
stacks/settings/emulator_limits.py.
"""

import importlib
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from reinventure.errors import UserError
from reinventure.local.patches import (
    alarms,
    dynamodb,
    eventbridge,
    faults,
    functions,
    iam,
    kms,
    queries,
    s3,
    sns,
    sqs,
    streams,
)
from reinventure.local.patches.patch import Patch

PACKAGE = "ministack"

COMMAND = (
    *(sys.executable, "-m", "hypercorn", "--workers", "0"),
    "reinventure.local.emulator:patched_app()",
    # Lambda's workers and the CDK CLI come back to a connection after pauses.
    *("--keep-alive", "75"),
)
"""Command that serves the emulator. The program `ministack` would also bind the ports 443 and 8883.
To stop it, kill it: after SIGTERM it waits ten seconds for idle connections."""

ENVIRONMENT = {
    "AUTH": "true",
    "USE_SSL": "1",
    # No second port: these are the brokers of IoT and of SFTP.
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    # The default keeps idle worker processes for five minutes.
    "LAMBDA_WARM_TTL_SECONDS": "60",
    # No limit: beyond it, an event uses up its retries. The patched pool of workers lets it wait.
    "LAMBDA_ACCOUNT_CONCURRENCY": "0",
}
"""Environment variables of the emulator, for every local cloud."""


PATCHES: list[Patch] = [
    dynamodb.partiql_writes_reach_the_stream,
    dynamodb.expressions_are_parsed_once,
    dynamodb.partitions_are_compared_directly,
    queries.queries_read_one_page,
    s3.range_applies_to_versions,
    s3.version_listings_are_encoded,
    s3.sequencers_are_moments,
    s3.events_have_requesters,
    s3.events_share_a_thread,
    sns.template_topics_are_fifo,
    sns.deduplication_ids_expire_in_order,
    sqs.messages_have_senders,
    iam.policies_see_the_key_of_an_upload,
    iam.conditions_have_principals,
    iam.wildcards_match_line_feeds,
    kms.disabled_keys_refuse,
    functions.events_wait_without_threads,
    functions.workers_are_bounded,
    functions.code_is_unzipped_once,
    functions.output_ends_with_a_mark,
    functions.logs_are_json,
    eventbridge.eventbridge_invokes_asynchronously,
    eventbridge.events_have_versions,
    streams.batches_are_gathered,
    alarms.alarms_are_measured,
    # The last: the faults that are made on purpose are around all that the others mend.
    faults.faults_are_parameters,
]
"""All patches, in the order in which they are applied."""


def check_version() -> None:
    """Raise UserError unless the version of MiniStack is installed that all patches are for."""
    try:
        found = version(PACKAGE)
    except PackageNotFoundError:
        found = "none"
    for patch in PATCHES:
        if patch.version != found:
            raise UserError(
                f"the local cloud needs {PACKAGE} {patch.version}, and found {found}: "
                f"run `{sys.executable} -m pip install {PACKAGE}=={patch.version}`"
            )


def patched_app() -> Any:
    """Return MiniStack's ASGI application, with all patches applied to this process."""
    app = importlib.import_module("ministack.app").app
    for patch in PATCHES:
        patch.apply()
    return app
