"""The web server of one machine: waitress on HOST and PORT."""

import signal
import sys

from django.conf import settings
from waitress import serve

from accounts.middleware import LARGEST_FORM
from crm import celery  # noqa: F401 - tasks sent from here find the queue
from crm import environment as env
from crm.wsgi import application

THREADS = 6


def main() -> None:
    # Asked to stop, waitress answers what it has begun, if somebody tells it so.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    serve(  # type: ignore[no-untyped-call]
        application,
        host=env.text("HOST", "127.0.0.1"),
        port=env.number("PORT", 8000),
        threads=THREADS,
        # What is longer never reaches the disk, also where its length is not told.
        max_request_body_size=settings.IMPORT_MAX_BYTES + LARGEST_FORM,
        ident="",
    )


if __name__ == "__main__":
    main()
