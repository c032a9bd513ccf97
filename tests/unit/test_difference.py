from hypothesis import given
from hypothesis import strategies as st

from catalog.bucket import StoredObject
from catalog.difference import Kind, differences
from catalog.row import Row


def row(key: str, size: int, etag: str) -> Row:
    return Row("bucket", key, "A", "t", "ObjectCreated:Put", None, size, etag, None)


contents = st.dictionaries(
    st.text("abé🚀/", min_size=1, max_size=3),
    st.tuples(st.integers(0, 1), st.sampled_from(["x", "y"])),
)


@given(contents, contents)
def test_finds_every_difference_and_no_other(
    bucket: dict[str, tuple[int, str]], catalog: dict[str, tuple[int, str]]
) -> None:
    found = differences(
        (StoredObject(key, *bucket[key]) for key in sorted(bucket)),
        (row(key, *catalog[key]) for key in sorted(catalog)),
    )
    expected = {}
    for key in bucket.keys() | catalog.keys():
        if key not in catalog:
            expected[key] = Kind.MISSING
        elif key not in bucket:
            expected[key] = Kind.GHOST
        elif bucket[key] != catalog[key]:
            expected[key] = Kind.STALE
    assert {difference.key: difference.kind for difference in found} == expected
