"""Random scopes and keys, with names so few and short that they often meet."""

from hypothesis import strategies as st

from s3_catalog.model import scope
from s3_catalog.model.scope import Entry, Scope

NAMES = st.sampled_from(["photos", "photos-prod", "logs", "logs.example.com", "aaa", "aab"])

PREFIXES = st.lists(st.sampled_from(["a", "b", "a b", "é", '"', "\\"]), max_size=3).map(
    lambda folders: "".join(f"{folder}/" for folder in folders)
)

KEYS = st.one_of(st.builds(str.__add__, PREFIXES, st.text(max_size=3)), st.text(min_size=1))


def _disjoint(entries: list[Entry]) -> Scope:
    kept: list[Entry] = []
    for entry in entries:
        if not any(
            entry.bucket == other.bucket
            and (entry.prefix.startswith(other.prefix) or other.prefix.startswith(entry.prefix))
            for other in kept
        ):
            kept.append(entry)
    return scope.of(kept)


SCOPES = st.lists(st.builds(Entry, NAMES, PREFIXES), max_size=12).map(_disjoint)
