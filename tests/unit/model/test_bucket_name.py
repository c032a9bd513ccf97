"""Which names a general purpose bucket can have."""

import pytest

from s3_catalog.model import bucket_name


@pytest.mark.parametrize(
    "name",
    [
        "abc",
        "a" * 63,
        "photos-prod",
        "logs.example.com",
        "0--0",
        "photos-111122223333-us-west-2-an",
    ],
)
def test_a_name_by_the_rules_is_accepted(name: str) -> None:
    assert bucket_name.check(name) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "has 3 to 63"),
        ("ab", "has 3 to 63"),
        ("a" * 64, "has 3 to 63"),
        ("Photos", "lower-case letters"),
        ("photos_prod", "lower-case letters"),
        ("-photos", "begins and ends with a letter or digit"),
        ("photos.", "begins and ends with a letter or digit"),
        ("photos\n", "has 3 to 63"),
        ("phötos", "lower-case letters"),
        ("s3:", "lower-case letters"),
        ("a..b", "no two dots in a row"),
        ("192.168.5.4", "no IP address"),
        ("xn--photos", "S3 reserves bucket names that begin with xn--"),
        ("sthree-photos", "begin with sthree-"),
        ("amzn-s3-demo-photos", "begin with amzn-s3-demo-"),
        ("photos--usw2-az1--x-s3", "is the name of a directory bucket"),
        ("tables--table-s3", "is the name of a table bucket"),
        ("point-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias", "an access point"),
        ("olap--ol-s3", "an Object Lambda access point"),
        ("everywhere.mrap", "a multi-Region access point"),
    ],
)
def test_other_names_are_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        bucket_name.check(name)
