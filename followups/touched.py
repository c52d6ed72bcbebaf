"""Whom a writing looks at: everybody, or only those for whom anything can have changed since the last."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from clients.models import Client, Rhythm
from followups.models import ListRun, ServicePlan, Unsettled
from followups.rules import Rule, Turning
from followups.statements import FIRST, LAST, Statement

# From this part of the book on, looking at everybody is quicker than looking up so many.
MOST_UNSETTLED = 0.1
ANY_DAY = date(2000, 1, 1)


@dataclass(frozen=True)
class Scope:
    """Everybody; or, when the lists have been written for `since`, the unsettled, `clients` of them."""

    since: date | None = None
    clients: int | None = None

    @property
    def is_everybody(self) -> bool:
        return self.since is None

    def of(self, rows: QuerySet[Any, Any], client: str) -> QuerySet[Any, Any]:
        """Those of the rows that are to be looked at; `client` is the way to their client."""
        if self.is_everybody:
            return rows
        return rows.filter(**{f"{client}__in": Unsettled.objects.values("client_id")})


EVERYBODY = Scope()
THE_UNSETTLED = Scope(since=ANY_DAY)

# Rules name their joins in the order that suits the whole book; with so few clients, begin with them.
BEGIN_WITH_THEM = "ANALYZE followups_unsettled; SET LOCAL join_collapse_limit = 8"
TAKE_NOTES = """
DROP TABLE IF EXISTS pg_temp.followups_unsettled;
CREATE TEMPORARY TABLE followups_unsettled (client_id bigint PRIMARY KEY) ON COMMIT DROP;
WITH taken AS (DELETE FROM followups_touched RETURNING client_id)
INSERT INTO followups_unsettled SELECT DISTINCT client_id FROM taken
"""


def whom_to_look_at(day: date, rules: Iterable[Rule], basis: str) -> Scope:
    """Take the notes of what was touched, and tell whom the list of `day` has to look at.

    What commits from now on is noted for the next writing.
    """
    with connection.cursor() as cursor:
        cursor.execute(TAKE_NOTES)
    last = ListRun.objects.order_by("pk").last()
    if last is None or last.day > day or last.basis != basis:
        return EVERYBODY
    first = min(rule.settled_as_of(last.day) for rule in rules)
    for turning in {turning for rule in rules for turning in rule.turning}:
        _add(_turned(turning), {FIRST: first, LAST: day})
    clients = Unsettled.objects.count()
    if clients > MOST_UNSETTLED * _size_of_the_book():
        return EVERYBODY
    with connection.cursor() as cursor:
        cursor.execute(BEGIN_WITH_THEM)
    return Scope(since=last.day, clients=clients)


@cache
def _turned(turning: Turning) -> Statement:
    return Statement.of(turning.clients(FIRST, LAST))


def _add(clients: Statement, days: Mapping[date, date]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO followups_unsettled {clients.sql} ON CONFLICT DO NOTHING",
            clients.on(days),
        )


def _size_of_the_book() -> int:
    """Clients as PostgreSQL last counted them: near enough, and it costs nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [Client._meta.db_table]
        )
        return int(cursor.fetchone()[0])


def is_another(basis: str) -> bool:
    """Whether the last list was written on another basis, or there is none."""
    last = ListRun.objects.order_by("pk").last()
    return last is None or last.basis != basis


def basis_of(rules: Iterable[Rule]) -> str:
    """What decides everybody's work, as a fingerprint: each rule, the service plan, the rhythm."""
    asked = [_words_of(rule) for rule in rules]
    plan = list(ServicePlan.objects.order_by("pk").values_list("item", "client_class", "level"))
    rhythm = sorted(Rhythm.current().days.items())
    return hashlib.sha256(repr((asked, plan, rhythm)).encode()).hexdigest()


@cache
def _words_of(rule: Rule) -> str:
    candidates = rule.candidates(ANY_DAY, ANY_DAY).query.sql_with_params()
    return repr((candidates, rule.settled_as_of(ANY_DAY)))
