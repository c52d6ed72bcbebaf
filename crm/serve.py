"""The web server of one machine: waitress on HOST and PORT."""

from waitress import serve

from crm import celery  # noqa: F401 - tasks sent from here find the queue
from crm import environment as env
from crm.office.tether import end_with_the_office
from crm.wsgi import application

THREADS = 8


def main() -> None:
    end_with_the_office()
    serve(  # type: ignore[no-untyped-call]
        application,
        host=env.text("HOST", "127.0.0.1"),
        port=env.number("PORT", 8000),
        threads=THREADS,
        ident="",
    )


if __name__ == "__main__":
    main()
