"""The web server of one machine: waitress on HOST and PORT."""

import signal
import sys
import time
from copy import copy

from django.conf import settings
from waitress import serve
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer

from accounts.middleware import LARGEST_FORM, LARGEST_OF_STRANGERS
from crm import celery  # noqa: F401 - tasks sent from here find the queue
from crm import environment as env
from crm.wsgi import application

THREADS = 6
CONNECTIONS = 500
PATIENCE = 30  # seconds that a request may take to come, whatever its size,
SLOWEST = 10_000  # and the bytes a second that earn it more


class Request(HTTPRequestParser):
    """Takes no more from a stranger than a form, so that the rest never reaches the disk."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)  # type: ignore[no-untyped-call]
        if f"{settings.SESSION_COOKIE_NAME}=" not in self.headers.get("COOKIE", ""):
            self.adj = copy(self.adj)
            self.adj.max_request_body_size = LARGEST_OF_STRANGERS


class Channel(HTTPChannel):
    """Hangs up on whoever sends a request byte by byte: each holds one of the connections."""

    parser_class = Request
    began = 0.0

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.began = time.monotonic()
        heard: bool = super().received(data)  # type: ignore[no-untyped-call]
        if self.request is not None and self._is_too_slow(self.request):
            self.will_close = True
        return heard

    def _is_too_slow(self, request: HTTPRequestParser) -> bool:
        come = request.header_bytes_received + request.body_bytes_received
        return time.monotonic() - self.began > PATIENCE + come / SLOWEST


def main() -> None:
    # Asked to stop, waitress answers what it has begun, if somebody tells it so.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    TcpWSGIServer.channel_class = Channel
    serve(  # type: ignore[no-untyped-call]
        application,
        host=env.text("HOST", "127.0.0.1"),
        port=env.number("PORT", 8000),
        threads=THREADS,
        # What is longer never reaches the disk, also where its length is not told.
        max_request_body_size=settings.IMPORT_MAX_BYTES + LARGEST_FORM,
        connection_limit=CONNECTIONS,
        asyncore_use_poll=True,
        ident="",
    )


if __name__ == "__main__":
    main()
