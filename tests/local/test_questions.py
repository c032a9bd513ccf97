"""Questions that a person asks of the catalog, answered by the command."""

import json

from reinventure.deployed import DeployedCatalog
from reinventure.laptop.cloud import Cloud
from tests.local.command import run

PATIENCE = 30


def test_find_chooses_and_says_what_it_read(cloud: Cloud, catalog: DeployedCatalog) -> None:
    for n in range(8):
        catalog.s3.put_object(Bucket=catalog.bucket, Key=f"find/{n}.log", Body=b"." * n * 1000)
    catalog.s3.put_object(Bucket=catalog.bucket, Key="find/9.txt", Body=b"." * 9000)
    catalog.s3.delete_object(Bucket=catalog.bucket, Key="find/7.log")
    assert catalog.settle(PATIENCE) == []

    def find(*options: str) -> tuple[list[str], str]:
        found = run("find", "find/", *options, environment=cloud.environment)
        assert found.returncode == 0, found.stderr
        return found.stdout.splitlines(), found.stderr

    lines, said = find("--suffix", ".log", "--larger", "4k", "--newer", "1h")
    assert [line.split()[-2:] for line in lines] == [["5000", "find/5.log"], ["6000", "find/6.log"]]
    assert said == "Read 9 rows to find 2. Only PREFIX narrows what is read.\n"
    assert find("--older", "1h")[0] == []
    assert [line.split()[-1] for line in find("--limit", "2")[0]] == ["find/0.log", "find/1.log"]

    [line] = find("--deleted")[0]
    assert line.split()[-2:] == ["deleted", "find/7.log"]
    [line] = find("--deleted", "--json")[0]
    gone = json.loads(line)
    assert (gone["key"], gone["deleted"], gone["size"]) == ("find/7.log", True, None)
