"""CPU of reading a page of versions and a page of rows, by this project's client and by botocore.

    PYTHONPATH=.:lambdas python -m bench.listing

Both read the same bytes in turns, in one process. Prints medians for each key, or row.
"""

import json
import time
from collections.abc import Callable
from email.message import Message
from statistics import median

from botocore import handlers
from botocore.parsers import create_parser
from botocore.session import Session

from s3_catalog.aws_api import version_lister
from s3_catalog.aws_api.http_transport import Reply
from s3_catalog.aws_api.reply_content import content

ROUNDS = 21
KEYS = 1000
ROWS = 500

VERSION = (
    "<Version><Key>2026%2F11%2F26%2Fpicture-{n:06}.jpg</Key>"
    "<VersionId>3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40</VersionId>"
    "<IsLatest>true</IsLatest><LastModified>2026-11-26T12:00:00.000Z</LastModified>"
    "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag>"
    "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
    "<Size>1234567</Size><Owner><ID>{n:064}</ID></Owner>"
    "<StorageClass>STANDARD</StorageClass></Version>"
)


def _versions() -> tuple[int, Callable[[], object], Callable[[], object]]:
    entries = "".join(VERSION.format(n=n) for n in range(KEYS))
    body = (
        '<?xml version="1.0"?><ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        "<Name>photos</Name><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
        f"{entries}</ListVersionsResult>"
    ).encode()
    model = Session().get_service_model("s3")
    parser = create_parser("rest-xml")
    shape = model.operation_model("ListObjectVersions").output_shape

    def theirs() -> object:
        parsed = parser.parse({"status_code": 200, "headers": {}, "body": body}, shape)
        handlers.decode_list_object_versions(parsed, {"encoding_type_auto_set": True})
        return parsed

    reply = Reply(200, Message(), body)
    return KEYS, theirs, lambda: content("ListObjectVersions", reply, version_lister._parse)


def _rows() -> tuple[int, Callable[[], object], Callable[[], object]]:
    items = [
        {
            "pk": {"S": "photos#3"},
            "sk": {"S": f"2026/11/26/picture-{n:06}.jpg"},
            "sequencer": {"S": "0067453F2A8B1C0D3E" + "0" * 14},
            "event_time": {"S": "2026-11-26T12:00:00.005Z"},
            "event_name": {"S": "ObjectCreated:Put"},
            "size": {"N": "1234567"},
            "etag": {"S": "d41d8cd98f00b204e9800998ecf8427e"},
        }
        for n in range(ROWS)
    ]
    body = json.dumps({"Items": items, "Count": ROWS, "ScannedCount": ROWS}).encode()
    shape = Session().get_service_model("dynamodb").operation_model("Query").output_shape
    parser = create_parser("json")

    def theirs() -> object:
        return parser.parse({"status_code": 200, "headers": {}, "body": body}, shape)

    reply = Reply(200, Message(), body)
    return ROWS, theirs, lambda: content("Query", reply, json.loads)


def main() -> None:
    """Measure both, and print a table."""
    print("| page | botocore, us | this project, us | ratio |")
    print("|---|---|---|---|")
    for name, (size, theirs, ours) in (("a key", _versions()), ("a row", _rows())):
        taken: dict[Callable[[], object], list[float]] = {theirs: [], ours: []}
        for _ in range(ROUNDS):
            for read, seconds in taken.items():
                start = time.process_time()
                read()
                seconds.append((time.process_time() - start) / size * 1e6)
        before, now = (median(seconds) for seconds in taken.values())
        print(f"| {name} | {before:.1f} | {now:.1f} | {now / before:.2f}x |")


if __name__ == "__main__":
    main()
