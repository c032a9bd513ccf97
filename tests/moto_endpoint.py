"""moto's backends of this process behind an HTTP endpoint, for clients other than botocore's.

What boto3 puts into a mocked bucket or table is there for such a client as well.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto.core.models import botocore_stubber

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # Head and body in one write.

    def do_POST(self) -> None:
        """Answer with moto's reply to the request, as if it had been sent to AWS."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        scope = _SCOPE.search(self.headers["Authorization"])
        assert scope, "the request is not signed"
        headers = HTTPHeaders()
        for name, value in self.headers.items():
            headers[name] = value
        host = f"{scope['service']}.{scope['region']}.amazonaws.com"
        request = AWSPreparedRequest(
            self.command, f"https://{host}{self.path}", headers, body, stream_output=False
        )
        reply = botocore_stubber.process_request(request)
        assert reply, "moto does not mock this service"
        status, found, content = reply
        data = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        for name, value in found.items():
            if name.lower() not in {"content-length", "date", "server"}:
                self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    do_GET = do_POST  # noqa: N815 (the names are those of http.server)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def moto_endpoint() -> Iterator[str]:
    """Serve moto on a free port of the loopback during the body of this context."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
