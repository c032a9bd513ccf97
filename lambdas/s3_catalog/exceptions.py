"""The exceptions of the domain, in one tree.

    CatalogError
    ├── MalformedError (and ValueError)    a notification or record against S3's format
    ├── UnreadableError                    a message that is not of the change feed
    │   └── OutOfScopeError                one about a key that has no row, or none here
    ├── ContendedError                     a row that others kept changing
    ├── EnvironmentVariableError           a variable that is missing or has an invalid value
    ├── IngestError                        records that could not be catalogued
    ├── PublishError                       changes that could not be published
    ├── ReconcileError                     ranges of keys that could not be compared
    ├── EventBridgeSwitchError             a bucket whose events cannot be switched to EventBridge
    ├── ResponseError                      a response that CloudFormation does not accept
    ├── InspectionError
    │   ├── GoneError                      the object no longer exists
    │   ├── ArchivedError                  the object is in an archive storage class
    │   ├── BrokenError                    content that contradicts its type
    │   └── OutOfTimeError                 an inspection that takes too long
    ├── MirrorError
    │   ├── BusyError                      another process is changing the schema
    │   └── DatabaseAsleepError            the database did not resume in time
    └── RolloutError
        ├── PreTrafficTestError            a new version that fails its test
        └── WorseError                     a new version with more errors than those before it

When AWS does not answer, or refuses, botocore's ClientError or BotoCoreError is raised instead.
Each message is one sentence for a person.
"""


class CatalogError(Exception):
    """Base of all exceptions of the domain."""


class MalformedError(CatalogError, ValueError):
    """A message or record lacks a field of S3's format, or has an impossible value there."""


class UnreadableError(CatalogError):
    """A message is not a change of an object in the bucket."""


class OutOfScopeError(UnreadableError):
    """A message is about a key that is not in the scope: its bucket may have been detached."""


class ContendedError(CatalogError):
    """Other writers changed a row during every attempt. Try again later."""


class EnvironmentVariableError(CatalogError):
    """An environment variable is missing, or its value has another type."""


class IngestError(CatalogError):
    """Some records of a delivery could not be catalogued; the message has the reasons.

    Raised after all other records have been applied, so that Lambda retries the delivery and
    finally sends it to the dead-letter queue. What has been written stays: a retry is idempotent.
    """


class PublishError(CatalogError):
    """Some changes of a batch could not be published; the message has the reason."""


class ReconcileError(CatalogError):
    """Some ranges of keys could not be compared; the message has their buckets and the errors."""


class EventBridgeSwitchError(CatalogError):
    """The EventBridge switch of a bucket cannot be turned; the message has the reason."""


class ResponseError(CatalogError):
    """CloudFormation did not accept the response of a custom resource, which it waits for."""


class InspectionError(CatalogError):
    """Base of the exceptions of content inspection."""


class GoneError(InspectionError):
    """The object of the row no longer exists."""


class ArchivedError(InspectionError):
    """The object is archived. It cannot be read before it is restored."""


class BrokenError(InspectionError):
    """The content contradicts the type that its first bytes announce, or exceeds a limit."""


class OutOfTimeError(InspectionError):
    """The time for one object is over. The result has what was found until then."""


class MirrorError(CatalogError):
    """Base of the exceptions of the SQL mirror."""


class BusyError(MirrorError):
    """Another process holds the lock of the schema for longer than the wait for it."""


class DatabaseAsleepError(MirrorError):
    """The database did not resume in the time that was left."""


class RolloutError(CatalogError):
    """Base of the exceptions of the two traffic hooks. Each stops a deployment."""


class PreTrafficTestError(RolloutError):
    """The new version fails its test; the message has the step, and the result of it."""


class WorseError(RolloutError):
    """The new version fails more often than those before it; the message has the numbers."""
