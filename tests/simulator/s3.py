"""A model of one bucket: changes by users and by S3, their events, and listings."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tests.simulator.clock import Clock
from tests.simulator.happening import Happening
from tests.simulator.network import Network

PAGE = 3
"""Maximum of entries in a page. S3 may return fewer than a request asks for."""

LISTING_SECONDS = 2

FIRST = 0x0065C1A2B3D4E5F6
"""Before the first sequencer."""

MAX_UPLOAD = timedelta(days=7)
"""A lifecycle rule aborts older uploads."""

DEVIATIONS = (0, 0, 0.3, -0.3, 1.9, -1.1, -4.4, 4.4)
"""Seconds between an event's time and the change. The times of two events, which EventBridge cuts
to whole seconds, contradict their order by ten seconds at most."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an object, or a delete marker (without `size` and `etag`).

    `order` is its place among the versions, `sequencer` that of the event that created it.
    """

    id: str
    order: str
    sequencer: str
    modified: datetime
    size: int | None = None
    etag: str | None = None


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
    ) -> None:
        self.name = name
        self.versions: dict[str, list[Version]] = {}
        self.versioned = versioned
        self.suspended = False
        self.uploads: list[Upload] = []
        self._by_start = by_start
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

    def put(self, key: str, kind: str, size: int, etag: str) -> list[Happening]:
        """Store an object. `kind` is the end of the event's name, such as Copy."""
        order = self._new_order()
        version = Version(self._new_id(), order, order, self._clock.now, size, etag)
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
        version = Version(self._new_id(), order, upload.sequencer, upload.started, size, etag)
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

    def restore(self, key: str) -> list[Happening]:
        """Restore an object from an archive: the catalog ignores the event."""
        version = self.current(key)
        if not version:
            return []
        return [self._event("ObjectRestore:Completed", key, version, None, version.sequencer)]

    def list_object_versions(self, **request: Any) -> dict[str, Any]:
        """List versions and markers by key, the newest of each key first."""
        prefix = request.get("Prefix", "")

        def list_them() -> dict[str, Any]:
            self._clock.advance(timedelta(seconds=LISTING_SECONDS))
            return self._page(request)

        return self._network.request("s3", prefix, list_them)

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
                more = {"Size": version.size, "ETag": f'"{version.etag}"'}
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
        marker = Version(self._new_id(), order, order, self._clock.now)
        replaced = self.versions.get(key, [marker])[0]
        self._push(key, marker)
        if family == "ObjectRemoved":
            return [self._event(name, key, marker, order)]
        return [self._event(name, key, marker, None, self._borne(borne, replaced))]

    def _drop(self, family: str, key: str, id: str, borne: int) -> list[Happening]:
        found = [version for version in self.versions.get(key, []) if version.id == id]
        if not found:
            return []
        self._forget(key, id)
        order = self._new_order()
        if id == "null":
            self._latest_null[key] = order
        gone = Version(id, order, order, self._clock.now)
        return [self._event(f"{family}:Delete", key, gone, None, self._borne(borne, found[0]))]

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
        deviation = DEVIATIONS[(self._events * 2_654_435_761 >> 9) % len(DEVIATIONS)]
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
        )
