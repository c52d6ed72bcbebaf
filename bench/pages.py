"""Pages and searches of a province's book, as each kind of person sees them."""

import gzip
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from django.contrib.staticfiles import finders
from django.db import connection
from django.db.models import QuerySet
from django.http import QueryDict
from django.test import Client as Browser

from accounts.models import User
from clients.forms import ClientFilter
from clients.models import Client
from followups.models import FollowUp
from lib import dates
from lib.paging import SIZE, page_of
from policies.forms import PolicyFilter
from policies.models import Policy

ROUNDS = 5
IN_THE_DATABASE = 0.05
PAGES = {  # who asks for what: seconds, queries, bytes gzipped at most
    "agent's day": ("agent", "/today/", 0.2, 12, 15_000),
    "focus on one client": ("agent", "/today/focus/{task}/", 0.15, 15, 15_000),
    "route": ("agent", "/today/route/", 0.6, 20, 15_000),
    "day pack": ("agent", "/today/pack/", 2.0, 25, 120_000),
    "why not on the list": ("agent", "/clients/{client}/why-not/", 1.0, 160, 15_000),
    "client list": ("agent", "/clients/", 0.3, 12, 15_000),
    "client page": ("agent", "/clients/{client}/", 0.3, 20, 15_000),
    "client's month": ("agent", "/clients/{client}/year/{month}/", 0.3, 20, 15_000),
    "calendar": ("agent", "/calendar/", 0.5, 25, 15_000),
    "policy list": ("agent", "/policies/", 0.3, 12, 15_000),
    "client list of a manager": ("manager", "/clients/", 0.5, 12, 40_000),
    "team page of 30 agents": ("supervisor", "/team/", 0.4, 20, 15_000),
    "team page of the branch": ("administrator", "/team/", 1.0, 20, 40_000),
    "311 of 30 agents": ("supervisor", "/standard/", 0.4, 20, 15_000),
    "311 of the branch": ("administrator", "/standard/", 1.0, 20, 40_000),
    "progress of 30 agents": ("supervisor", "/progress/", 0.4, 12, 15_000),
    "progress of the branch": ("manager", "/progress/", 1.0, 12, 40_000),
    "matters of a month of the branch": ("manager", "/progress/list/", 1.0, 12, 40_000),
    "morning meeting of the branch": ("manager", "/team/meeting/", 1.0, 25, 40_000),
    "spot checks of the branch": ("manager", "/team/spot-checks/", 1.0, 12, 40_000),
    "renewals of an agent": ("agent", "/renewals/", 0.3, 14, 15_000),
    "renewals of 30 agents": ("supervisor", "/renewals/", 0.3, 14, 15_000),
    "renewals of a department": ("manager of a department", "/renewals/", 1.0, 14, 15_000),
    "renewals of the branch": ("manager", "/renewals/", 1.0, 14, 40_000),
    "renewals of the province": ("administrator", "/renewals/", 1.0, 14, 40_000),
    "persistency of an agent": ("agent", "/persistency/", 0.3, 12, 15_000),
    "persistency of 30 agents": ("supervisor", "/persistency/", 0.3, 12, 15_000),
    "persistency of a department": ("manager of a department", "/persistency/", 1.0, 12, 15_000),
    "persistency of the province": ("administrator", "/persistency/", 3.0, 12, 40_000),
}
LISTS: dict[str, tuple[Any, Any, tuple[str, ...]]] = {
    "clients": (
        Client,
        ClientFilter,
        tuple(
            " page=200 client_class=develop client_class=maintain&page=100 birthday=week"
            " birthday=month&page=40 pool=on pool=on&page=40".split(" ")
        ),
    ),
    "policies": (
        Policy,
        PolicyFilter,
        tuple(
            " page=40 status=in_force status=lapsed status=matured stage=month"
            " stage=month&page=40 stage=grace stage=lapsed".split(" ")
        ),
    ),
}
TERMS = (
    "王",
    "汪",
    "单",
    "王伟",
    "w",
    "z",
    "wang",
    "li",
    "zs",
    "zx",
    "qqq",
    "0000",
    "P0",
    "P00000000",
)


class Asked:
    """Counts the statements and the seconds spent in them, however many were asked before."""

    def __init__(self) -> None:
        self.queries, self.seconds = 0, 0.0

    def __call__(self, execute: Callable[..., Any], *args: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*args)
        finally:
            self.queries += 1
            self.seconds += time.perf_counter() - began


@contextmanager
def asked() -> Iterator[Asked]:
    counting = Asked()
    with connection.execute_wrapper(counting):
        yield counting


def bench_pages(people: dict[str, User], say: Callable[..., None], clients: int) -> None:
    theirs = Client.objects.visible_to(people["agent"]).earliest("pk")
    month = f"{dates.today():%Y/%-m}"
    todays = list(_todays(people["agent"])[: ROUNDS + 1])
    for name, (who, address, seconds, queries, size) in PAGES.items():
        browser = Browser(HTTP_ACCEPT_ENCODING="gzip")
        browser.force_login(people[who], backend="accounts.backends.StaffNumberOrMobile")
        url = address.format(client=theirs.pk, month=month, task=todays[0].pk)
        browser.get(url)
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            with asked() as counted:
                answer = browser.get(url)
            times.append(time.perf_counter() - began)
        figures = {
            "status": answer.status_code,
            "in_database_s": round(counted.seconds, 4),
            "queries": counted.queries,
            "queries_limit": queries,
            "gzip_bytes": sent(answer),
            "gzip_bytes_limit": size,
        }
        say(name, median(times), seconds, clients, **figures)
        if name == "agent's day":
            say("first load", *first_load(answer), unit="bytes, n requests, limit 7")


def bench_day_pack(agent: User, say: Callable[..., None]) -> None:
    """All the papers of a day as a PDF, from the request to the last byte."""
    browser = Browser()
    browser.force_login(agent, backend="accounts.backends.StaffNumberOrMobile")
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = browser.post("/today/pack/pdf/")
        times.append(time.perf_counter() - began)
    figures = {"status": answer.status_code, "bytes": len(answer.content)}
    say("day pack as a PDF", median(times), 5.0, _todays(agent).count(), **figures)


def _todays(agent: User) -> QuerySet[FollowUp]:
    """What stands on the agent's list, the clients each once."""
    mine = FollowUp.objects.visible_to(agent).filter(client__agent=agent).open()
    return mine.on(dates.today()).order_by("client_id", "pk").distinct("client_id")


def bench_outcome(people: dict[str, User], say: Callable[..., None], clients: int) -> None:
    """What came of it, for one client after the other."""
    browser = Browser()
    browser.force_login(people["agent"], backend="accounts.backends.StaffNumberOrMobile")
    times, queries = [], 0
    for row in list(_todays(people["agent"])[: ROUNDS + 1]):
        sent_form = {"task": row.pk, "outcome": "no_answer", "channel": "call", "through": "1"}
        began = time.perf_counter()
        with asked() as counted:
            answer = browser.post(f"/tasks/{row.pk}/log/", sent_form | {"key": f"bench-{row.pk}"})
        times.append(time.perf_counter() - began)
        assert answer.status_code == 302, answer.status_code
        queries = max(queries, counted.queries)
    say("an outcome", median(times[1:]), 0.15, clients, queries=queries, queries_limit=15)


def sent(answer: Any) -> int:
    body: bytes = answer.content
    return len(body if answer.get("Content-Encoding") == "gzip" else gzip.compress(body))


def first_load(answer: Any) -> tuple[int, int, int]:
    """Return bytes on the wire with what the page links to, the limit, and the requests."""
    body: bytes = answer.content
    html = (gzip.decompress(body) if answer.get("Content-Encoding") == "gzip" else body).decode()
    links = r'<(?:link rel="stylesheet" href|script[^>]* src)="/static/([^"]+)"'
    named = {re.sub(r"\.[0-9a-f]{12}(?=\.)", "", path) for path in re.findall(links, html)}
    files = [found for path in sorted(named) if (found := finders.find(path))]
    return sent(answer) + sum(map(_packed, files)), 120 * 1024, 1 + len(files)


def _packed(path: str) -> int:
    return len(gzip.compress(Path(path).read_bytes()))


def bench_lists(people: dict[str, User], say: Callable[..., None], clients: int) -> None:
    """Say which filter or text of each list is the slowest in the database, for each kind of person."""
    for who, user in people.items():
        for place, (model, form, filters) in LISTS.items():
            took = {}
            for address in (*filters, *(f"q={term}" for term in TERMS)):
                times = [_in_database(user, model, form, address) for _ in range(ROUNDS + 1)]
                took[address] = median(times[1:])
            slowest = max(took, key=lambda address: took[address])
            more = {
                "slowest": slowest,
                "median_s": round(median(took.values()), 4),
                "of": len(took),
            }
            say(f"{place} of the {who}", took[slowest], IN_THE_DATABASE, clients, **more)


def _in_database(user: User, model: Any, form: Any, address: str) -> float:
    visible = model.objects.listed_for(user)
    filters = form(QueryDict(address), user=user)
    with asked() as counted:
        page = page_of(
            filters.find(visible, dates.today()), visible.for_list(), filters.page_number
        )
    assert len(page.object_list) <= SIZE
    return counted.seconds
