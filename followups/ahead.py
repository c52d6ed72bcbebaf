"""What begins for the same clients within the next days: it may be done on the same visit."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from functools import cache, reduce
from operator import or_
from typing import Any

from django.db.models import F, Q

from followups.arriving import arriving
from followups.models import FollowUp
from followups.rulebook import BY_CODE, RULEBOOK
from followups.statements import FIRST, LAST, THESE, TODAY, OneOfThese, Statement

DAYS = 5
ONE_DAY = timedelta(days=1)


def coming(clients: Collection[int], day: date) -> list[FollowUp]:
    """What begins for these clients on the days after `day`: two queries, however many they are.

    Written on a later list already, or foreseen by a rule as the book stands; the latter are not
    saved.
    """
    if not clients:
        return []
    marks = {FIRST: day + ONE_DAY, LAST: day + DAYS * ONE_DAY, TODAY: day, THESE: list(clients)}
    codes = arriving(marks)
    asked = [_written(), *(_foreseen(rule.code) for rule in RULEBOOK if rule.code in codes)]
    found = Statement.union(asked).rows(marks)
    rows = [FollowUp(**dict(zip(FollowUp.WRITTEN, row, strict=True))) for row in found]
    return sorted(rows, key=lambda row: (row.list_on, row.priority, row.rule))


@cache
def _written() -> Statement:
    rows = FollowUp.objects.open().filter(OneOfThese("client"), list_on__range=(FIRST, LAST))
    return Statement.of(rows.order_by().values_list(*(F(name) for name in FollowUp.WRITTEN)))


@cache
def _foreseen(code: str) -> Statement:
    rule = BY_CODE[code]
    rows = rule.yet_to_write(FIRST, LAST, as_of=TODAY)
    return Statement.of(rows.filter(OneOfThese(rule.client)))


def beside(standing: Iterable[FollowUp], rows: Iterable[FollowUp]) -> list[FollowUp]:
    """Those of the coming rows that are about something else than what stands: the nearest of each."""
    taken = {_matter(row) for row in standing}
    nearest = []
    for row in rows:
        if _matter(row) not in taken:
            taken.add(_matter(row))
            nearest.append(row)
    return nearest


def _matter(row: FollowUp) -> tuple[Any, ...]:
    return row.client_id, row.series, row.policy_id, row.instalment_id, row.planned_id


def key_of(row: FollowUp) -> str:
    """What names a coming row in a form, whether it is written yet or not."""
    about = f"{row.client_id}.{row.policy_id or 0}.{row.planned_id or 0}"
    return f"{row.rule}.{about}.{row.occasion_on:%Y%m%d}"


def take(keys: Collection[str], clients: Collection[int], day: date) -> list[FollowUp]:
    """Write what was ticked of the coming rows, and return it; what is foreseen no more is left out."""
    chosen = [row for row in coming(clients, day) if key_of(row) in set(keys)]
    if not chosen:
        return []
    FollowUp.objects.bulk_create(chosen, ignore_conflicts=True)
    return list(FollowUp.objects.filter(reduce(or_, map(_same, chosen))))


def _same(row: FollowUp) -> Q:
    return Q(client=row.client_id, rule=row.rule, policy=row.policy_id, occasion_on=row.occasion_on)


def with_their_policies(rows: Sequence[FollowUp], policies: Iterable[Any]) -> Sequence[FollowUp]:
    """Give the rows the policies that have been read already."""
    by_pk = {policy.pk: policy for policy in policies}
    for row in rows:
        if row.policy_id in by_pk:
            row.policy = by_pk[row.policy_id]
    return rows
