"""The traffic stays below its prefix, and nothing of it stays."""

from reinventure.aws.deployed_catalog import DeployedCatalog
from reinventure.console.tour_traffic import KEYS, PREFIX, TourTraffic


def stored(catalog: DeployedCatalog) -> list[str]:
    page = catalog.s3.list_object_versions(Bucket=catalog.bucket)
    return [each["Key"] for each in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))]


def test_it_overwrites_and_deletes_few_keys_below_its_prefix(catalog: DeployedCatalog) -> None:
    traffic = TourTraffic(catalog)
    for number in range(5 * KEYS):
        traffic.change(number)
    keys = stored(catalog)
    assert len(set(keys)) == KEYS
    assert all(key.startswith(PREFIX) for key in keys)
    page = catalog.s3.list_object_versions(Bucket=catalog.bucket)
    assert page["DeleteMarkers"]
    etags = [each["ETag"] for each in page["Versions"]]
    assert len(set(etags)) == len(etags), "no two contents are the same"


def test_all_its_versions_are_deleted_and_nothing_else(catalog: DeployedCatalog) -> None:
    traffic = TourTraffic(catalog)
    catalog.s3.put_object(Bucket=catalog.bucket, Key="console-tou", Body=b"")
    catalog.s3.put_object(Bucket=catalog.bucket, Key="console-tour", Body=b"")
    for number in range(30):
        traffic.change(number)
    traffic.clean_up()
    assert stored(catalog) == ["console-tou", "console-tour"]
    traffic.clean_up()
