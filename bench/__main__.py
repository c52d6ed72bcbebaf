"""`make bench`: one JSON line per figure, ours and the limit in turn in the same run."""

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from statistics import median

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from bench import book, by_hand, importing, pages, people  # noqa: E402
from followups.daily import write_day  # noqa: E402
from followups.models import FollowUp  # noqa: E402
from lib import dates  # noqa: E402

ROUNDS = 3
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


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turn(ours: Callable[[], object], limit: Callable[[], object]) -> tuple[float, float]:
    """Time both in turn, each from the same start, and return their medians."""
    mine, theirs = [], []
    for _ in range(ROUNDS):
        for work, times in ((limit, theirs), (ours, mine)):
            with transaction.atomic():
                times.append(seconds(work))
                transaction.set_rollback(True)
    return median(mine), median(theirs)


def bench_writing(today: date) -> None:
    write_day(today - timedelta(days=1))
    before = FollowUp.objects.count()
    ours, limit = in_turn(lambda: write_day(today), lambda: by_hand.write_day(today))
    run = write_day(today)
    new = FollowUp.objects.count() - before
    say("write an ordinary day", ours, 1.2 * limit, new, by_hand_s=round(limit, 4))
    again = median(seconds(lambda: write_day(today)) for _ in range(ROUNDS))
    say("write it again", again, ours / 2, sum(run.created.values()))


def main() -> None:
    settings.ALLOWED_HOSTS = ["*"]
    call_command("collectstatic", interactive=False, verbosity=0)
    today = dates.today()
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        print(
            json.dumps({"name": "fill", "clients": CLIENTS, "policies": POLICIES}), file=sys.stderr
        )
        book.fill(clients=CLIENTS, policies=POLICIES, today=today)
        bench_writing(today)
        people.name_everybody()
        who = people.appoint_leaders()
        pages.bench_pages(who, say, CLIENTS)
        pages.bench_lists(who, say, CLIENTS)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    importing.bench(say, int(200_000 * SCALE), int(500_000 * SCALE))


if __name__ == "__main__":
    main()
