"""A model of buckets: changes by users and by S3, their events, and listings."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from s3_catalog.model.stored_object import IN_PROGRESS
from s3_catalog.model.timestamps import timestamp
from tests.simulator.clock import Clock
from tests.simulator.happening import LIFECYCLE, Happening
from tests.simulator.network import Network

PAGE = 3
"""Maximum of entries in a page. S3 may return fewer than a request asks for."""

LISTING_SECONDS = 2

FIRST = 0x0065C1A2B3D4E5F6
"""Before the first sequencer."""

MAX_UPLOAD = timedelta(days=7)
"""A lifecycle rule aborts older uploads."""

CLASSES = ("STANDARD", "STANDARD_IA", "GLACIER")
RESTORED_UNTIL = datetime(2031, 1, 1, tzinfo=UTC)
RESTORES = (None, IN_PROGRESS, timestamp(RESTORED_UNTIL))
"""The restore states of an archived object, as rows have them, in the order of a restore."""

DEVIATIONS = (0, 0, 0.3, -0.3, 1.9, -1.1, -4.4, 4.4)
"""Seconds between an event's time and the change. The times of two events, which EventBridge cuts
to whole seconds, contradict their order by ten seconds at most."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an object, or a delete marker (without `size` and `etag`).

    `order` is its place among the versions, `sequencer` that of the event that created it, and
    `requester` who created it. `moved`: an event said that its class or restore state changed.
    `uncovered`: a version or a marker above it was removed.
    """

    id: str
    order: str
    sequencer: str
    modified: datetime
    size: int | None = None
    etag: str | None = None
    requester: str | None = None
    storage_class: str = "STANDARD"
    restore: str | None = None
    moved: bool = False
    uncovered: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart upload in progress."""

    key: str
    sequencer: str
    started: datetime


class FakeS3:
    """The bucket `name`, and its client. S3's clock is `ahead` of the true time.

    `versions` has the versions of each key, newest first. `suspended`: versioning was enabled once,
    and changes without it are of the version `null`. `by_start`: a multipart upload has the place
    of its start, also if the object was replaced or deleted meanwhile; otherwise that of its end.
    `requester` is who makes the next change, or None where its event does not say; `deleters` has
    those who deleted a key or a version of it, the latest last.

    Every change returns its events, or none if nothing changed.
    """

    def __init__(
        self,
        name: str,
        network: Network,
        clock: Clock,
        ahead: timedelta,
        *,
        versioned: bool,
        by_start: bool = False,
        exact_times: bool = False,
    ) -> None:
        self.name = name
        self.versions: dict[str, list[Version]] = {}
        self.versioned = versioned
        self.suspended = False
        self.uploads: list[Upload] = []
        self.requester: str | None = None
        self.deleters: dict[str, list[str | None]] = {}
        self._by_start = by_start
        self._deviations = (0.0,) if exact_times else DEVIATIONS
        self._network = network
        self._clock = clock
        self._ahead = ahead
        self._changes = 0
        self._events = 0
        self._sequence = FIRST
        self._places: dict[tuple[str, str], str] = {}
        self._latest_null: dict[str, str] = {}

    def current(self, key: str) -> Version | None:
        """Return the current version of `key`, if it is an object."""
        versions = self.versions.get(key)
        return versions[0] if versions and versions[0].etag is not None else None

    def issued(self, sequencer: str) -> bool:
        """Return whether a canonical `sequencer` is between the first and the last so far."""
        return FIRST < int(sequencer[:16], 16) <= self._sequence

    def switch(self) -> None:
        """Suspend versioning or enable it."""
        self.suspended = self.versioned
        self.versioned = not self.versioned

    def put(
        self, key: str, kind: str, size: int, etag: str, storage_class: str = "STANDARD"
    ) -> list[Happening]:
        """Store an object. `kind` is the end of the event's name, such as Copy."""
        order = self._new_order()
        version = Version(
            self._new_id(), order, order, self._clock.now, size, etag, self.requester, storage_class
        )
        self._push(key, version)
        return [self._event(f"ObjectCreated:{kind}", key, version, order)]

    def start_upload(self, key: str) -> list[Happening]:
        """Start a multipart upload, without an event."""
        self.uploads.append(Upload(key, self._new_order(), self._clock.now))
        return []

    def complete_upload(self, upload: Upload, size: int, etag: str) -> list[Happening]:
        """Complete a multipart upload. Its event has the sequencer of its start."""
        self.uploads.remove(upload)
        if self._clock.now - upload.started > MAX_UPLOAD:
            return []
        end = self._new_order()
        order = upload.sequencer if self._by_start else end
        version = Version(
            self._new_id(), order, upload.sequencer, upload.started, size, etag, self.requester
        )
        self._push(upload.key, version)
        name = "ObjectCreated:CompleteMultipartUpload"
        return [self._event(name, upload.key, version, upload.sequencer)]

    def delete(self, key: str, borne: int) -> list[Happening]:
        """Delete without a version id. `borne` chooses the sequencer of a removal."""
        return self._remove("ObjectRemoved", key, borne)

    def expire(self, key: str, borne: int) -> list[Happening]:
        """Delete by a lifecycle rule, which does nothing to a deleted object."""
        if not self.current(key):
            return []
        return self._remove("LifecycleExpiration", key, borne)

    def delete_version(self, key: str, id: str, borne: int) -> list[Happening]:
        """Delete a version or a marker for good. No event has the new current version."""
        return self._drop("ObjectRemoved", key, id, borne)

    def expire_version(self, key: str, id: str, borne: int) -> list[Happening]:
        """Delete a noncurrent version, or an expired delete marker, by a lifecycle rule."""
        return self._drop("LifecycleExpiration", key, id, borne)

    def tag(self, key: str) -> list[Happening]:
        """Tag an object: the catalog ignores the event."""
        version = self.current(key)
        return [self._event("ObjectTagging:Put", key, version, None)] if version else []

    def forge(self, key: str, sequencer: str, kind: int) -> list[Happening]:
        """Return an event of a change that was not made, with a `sequencer` and any time."""
        name, version = "ObjectCreated:Put", Version("v", "", "", self._clock.now, 9, "forged")
        if kind % 2:
            name = "ObjectRemoved:DeleteMarkerCreated"
            version = replace(version, size=None, etag=None)
        forged = self._event(name, key, version, None, sequencer)
        days = (0, 36_500, -3_650)[kind // 2 % 3]
        return [replace(forged, stamp=forged.stamp + timedelta(days=days))]

    def transition(self, key: str, pick: int) -> list[Happening]:
        """Change the storage class of a version, by a lifecycle rule."""
        version = self._stored(key, pick)
        if not version:
            return []
        moved = CLASSES[(CLASSES.index(version.storage_class) + 1 + pick % 2) % len(CLASSES)]
        self._replace(key, version, storage_class=moved, restore=None)
        borne = self._borne(pick // 2, version)
        return [self._event("LifecycleTransition", key, version, None, borne)]

    def restore(self, key: str, pick: int) -> list[Happening]:
        """Restore a version from an archive, complete the restore, or remove the copy."""
        version = self._stored(key, pick)
        if not version or version.storage_class != "GLACIER":
            return []
        step = RESTORES.index(version.restore)
        self._replace(key, version, restore=RESTORES[(step + 1) % len(RESTORES)])
        name = f"ObjectRestore:{('Post', 'Completed', 'Delete')[step]}"
        return [self._event(name, key, version, None, self._borne(pick // 2, version))]

    def _stored(self, key: str, pick: int) -> Version | None:
        """Return a version of `key` that is no marker, mostly the current one."""
        objects = [each for each in self.versions.get(key, []) if each.etag is not None]
        return objects[pick % len(objects) * (pick % 3 == 0)] if objects else None

    def _replace(self, key: str, version: Version, **changes: Any) -> None:
        place = self.versions[key].index(version)
        self.versions[key][place] = replace(version, moved=True, **changes)

    def list_object_versions(self, **request: Any) -> dict[str, Any]:
        """List versions and markers by key, the newest of each key first."""
        prefix = request.get("Prefix", "")

        def list_them() -> dict[str, Any]:
            self._clock.advance(timedelta(seconds=LISTING_SECONDS))
            return self._page(request)

        return self._network.request("s3", (self.name, prefix), list_them)

    def _page(self, request: dict[str, Any]) -> dict[str, Any]:
        entries = [
            (key, version, not number)
            for key in sorted(self.versions)
            if key.startswith(request.get("Prefix", ""))
            for number, version in enumerate(self.versions[key])
            if self._after(request, key, version)
        ]
        size = min(request.get("MaxKeys", PAGE), PAGE)
        page = entries[:size]
        reply: dict[str, Any] = {"IsTruncated": len(entries) > size}
        for key, version, latest in page:
            entry = {
                "Key": key,
                "VersionId": version.id,
                "IsLatest": latest,
                "LastModified": version.modified + self._ahead,
            }
            if version.etag is not None:
                more: dict[str, Any] = {"Size": version.size, "ETag": f'"{version.etag}"'}
                more["StorageClass"] = version.storage_class
                if version.restore and "RestoreStatus" in request.get(
                    "OptionalObjectAttributes", []
                ):
                    more["RestoreStatus"] = (
                        {"IsRestoreInProgress": True}
                        if version.restore == IN_PROGRESS
                        else {"IsRestoreInProgress": False, "RestoreExpiryDate": RESTORED_UNTIL}
                    )
                reply.setdefault("Versions", []).append({**entry, **more})
            else:
                reply.setdefault("DeleteMarkers", []).append(entry)
        if reply["IsTruncated"]:
            reply["NextKeyMarker"] = page[-1][0]
            # S3 sends it always, other implementations only if the key has more versions.
            if entries[size][0] == page[-1][0] or self._changes % 2:
                reply["NextVersionIdMarker"] = page[-1][1].id
        return reply

    def _after(self, request: dict[str, Any], key: str, version: Version) -> bool:
        marker = str(request.get("KeyMarker", ""))
        if key != marker or "VersionIdMarker" not in request:
            return key > marker
        # Also when the last version of the page has been deleted since.
        return version.order < self._places[key, request["VersionIdMarker"]]

    def _remove(self, family: str, key: str, borne: int) -> list[Happening]:
        if not self.versioned and not self.suspended:
            return self._drop(family, key, "null", borne)
        name = f"{family}:DeleteMarkerCreated"
        order = self._new_order()
        marker = Version(
            self._new_id(), order, order, self._clock.now, requester=self._requester(family)
        )
        self._note_deletion(key, family)
        replaced = self.versions.get(key, [marker])[0]
        self._push(key, marker)
        if family == "ObjectRemoved":
            return [self._event(name, key, marker, order)]
        return [self._event(name, key, marker, None, self._borne(borne, replaced))]

    def _drop(self, family: str, key: str, id: str, borne: int) -> list[Happening]:
        found = [version for version in self.versions.get(key, []) if version.id == id]
        if not found:
            return []
        current = self.versions[key][0].id == id
        self._forget(key, id)
        self._note_deletion(key, family)
        if current and key in self.versions:
            self.versions[key][0] = replace(self.versions[key][0], uncovered=True)
        order = self._new_order()
        if id == "null":
            self._latest_null[key] = order
        gone = Version(id, order, order, self._clock.now)
        return [self._event(f"{family}:Delete", key, gone, None, self._borne(borne, found[0]))]

    def _requester(self, name: str) -> str | None:
        return LIFECYCLE if name.startswith("Lifecycle") else self.requester

    def _note_deletion(self, key: str, family: str) -> None:
        self.deleters.setdefault(key, []).append(self._requester(family))

    def _borne(self, borne: int, version: Version) -> str | None:
        """Return the sequencer that an event bears without a place in the order: of the removed
        `version`, of its own moment, or none."""
        return (version.sequencer, version.sequencer, self._new_order(), None)[borne % 4]

    def _push(self, key: str, version: Version) -> None:
        if version.id == "null":
            if version.order < self._latest_null.get(key, ""):
                return  # An upload that started before the latest change.
            self._latest_null[key] = version.order
            self._forget(key, "null")
        versions = self.versions.setdefault(key, [])
        place = next((n for n, v in enumerate(versions) if v.order < version.order), len(versions))
        versions.insert(place, version)
        self._places[key, version.id] = version.order

    def _forget(self, key: str, id: str) -> None:
        kept = [version for version in self.versions.get(key, []) if version.id != id]
        if kept:
            self.versions[key] = kept
        else:
            self.versions.pop(key, None)

    def _new_id(self) -> str:
        return f"v{self._changes}" if self.versioned else "null"

    def _new_order(self) -> str:
        """Return the next sequencer, without zeros at its end: of 8 to 20 digits."""
        self._changes += 1
        chance = self._changes * 2_654_435_761 >> 7
        # Rounded up to a number that ends with zeros, the text is shorter.
        step = 1 << 4 * (chance % 8)
        self._sequence = (self._sequence // step + 1) * step
        more = ("", "7", "0F", "A1B2")[chance // 8 % 4]
        return (f"{self._sequence:016X}" + more).rstrip("0")

    def _event(
        self,
        name: str,
        key: str,
        version: Version,
        order: str | None,
        sequencer: str | None = None,
    ) -> Happening:
        self._events += 1
        deviation = self._deviations[(self._events * 2_654_435_761 >> 9) % len(self._deviations)]
        return Happening(
            bucket=self.name,
            name=name,
            key=key,
            order=order,
            sequencer=order or sequencer,
            happened=self._clock.now,
            stamp=self._clock.now + self._ahead + timedelta(seconds=deviation),
            version_id=version.id if self.versioned or self.suspended else None,
            size=version.size,
            etag=version.etag,
            requester=self._requester(name),
        )


class Account:
    """S3's client, with the buckets of an account by their names."""

    def __init__(self, buckets: dict[str, FakeS3]) -> None:
        self._buckets = buckets

    def list_object_versions(self, **request: Any) -> dict[str, Any]:
        """List versions and markers of a bucket."""
        return self._buckets[request["Bucket"]].list_object_versions(**request)

    def list_objects_v2(self, **request: str) -> dict[str, Any]:
        """List the folders of a bucket right under a prefix, without faults."""
        bucket, prefix = self._buckets[request["Bucket"]], request["Prefix"]
        rests = (
            key.removeprefix(prefix).partition(request["Delimiter"])
            for key in bucket.versions
            if key.startswith(prefix) and bucket.current(key)
        )
        folders = sorted({prefix + name + slash for name, slash, _ in rests if slash})
        return {"CommonPrefixes": [{"Prefix": folder} for folder in folders]}
