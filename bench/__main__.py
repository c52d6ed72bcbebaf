"""`make bench`: one JSON line per figure, ours and the limit in turn in the same run."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from bench import (  # noqa: E402
    bank_return,
    beside,
    book,
    classes,
    days,
    greetings,
    importing,
    pages,
    people,
    writing,
)
from crm.office.keeper import servers_in_use  # noqa: E402
from crm.office.servers import data_dir  # noqa: E402
from followups.festivals import Festival  # noqa: E402
from lib import dates  # noqa: E402

SCALE = float(os.environ.get("BENCH_SCALE", "1"))
CLIENTS, POLICIES = int(550_000 * SCALE), int(1_000_000 * SCALE)


def say(name: str, ours: float, limit: float, n: int, **more: object) -> None:
    ratio = round(ours / limit, 3) if limit else None
    line = {
        "name": name,
        "ours_s": round(ours, 4),
        "limit_s": round(limit, 4),
        "ratio": ratio,
        "n": n,
    }
    print(json.dumps(line | more), flush=True)


@contextmanager
def an_empty_database() -> Iterator[None]:
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    Festival.objects.update(active=False)  # they have a figure of their own
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # a province is filled in one statement
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def main() -> None:
    settings.ALLOWED_HOSTS = ["*"]
    call_command("collectstatic", interactive=False, verbosity=0)
    today = dates.today()
    with an_empty_database():
        writing.bench_ten_times(say, today, CLIENTS, POLICIES)
    with an_empty_database():
        print(
            json.dumps({"name": "fill", "clients": CLIENTS, "policies": POLICIES}), file=sys.stderr
        )
        book.fill(clients=CLIENTS, policies=POLICIES, today=today)
        writing.bench_a_day(say, today, CLIENTS)
        people.name_everybody()
        who = people.appoint_leaders()
        book.collect(today)
        days.live_a_month(today)
        pages.bench_pages(who, say, CLIENTS)
        pages.bench_day_pack(who["agent"], say)
        pages.bench_outcome(who, say, CLIENTS)
        days.bench(say, today)
        pages.bench_lists(who, say, CLIENTS)
        classes.bench(say, today)
        greetings.bench(say, today)
        beside.bench(who["agent"], say, int(200_000 * SCALE))
    importing.bench(say, int(200_000 * SCALE), int(500_000 * SCALE))
    bank_return.bench(say, int(100_000 * SCALE))


if __name__ == "__main__":
    with servers_in_use(data_dir()):
        main()
