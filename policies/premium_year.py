"""The premiums of a calendar year, month by month."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import takewhile
from typing import Any, NamedTuple

from django.db.models import Prefetch

from policies.models import Instalment, Policy
from policies.rhythm import due_days, usual_amount


class Due(NamedTuple):
    on: date
    amount: Decimal
    owed: bool


@dataclass(frozen=True)
class Month:
    number: int
    amount: Decimal
    owed: Decimal  # of it, what was due and has not come
    coming: bool


def with_instalments_of(year: int) -> Any:
    """What `months_of` reads along with the policies."""
    return Prefetch("instalments", Instalment.objects.filter(due_on__year=year))


def months_of(policies: Iterable[Policy], today: date) -> list[Month]:
    """What falls due in each month of this year, by the rows of the premiums and the rhythm of the rest."""
    dues = [due for policy in policies for due in _dues(policy, today)]
    return [
        Month(
            number,
            sum((due.amount for due in dues if due.on.month == number), Decimal(0)),
            sum((due.amount for due in dues if due.on.month == number and due.owed), Decimal(0)),
            number >= today.month,
        )
        for number in range(1, 13)
    ]


def _dues(policy: Policy, today: date) -> Iterator[Due]:
    if policy.status not in Policy.ALIVE:
        return
    known = {one.due_on: one for one in policy.instalments.all() if one.due_on.year == today.year}
    for one in known.values():
        if one.closed_as != Instalment.Closed.CANCELLED:
            yield Due(one.due_on, one.amount, one.is_owed and one.due_on < today)
    if policy.status_on(today) != Policy.Status.IN_FORCE:
        return
    days = takewhile(lambda one: one[1].year <= today.year, due_days(policy))
    for _number, on in days:
        if on.year == today.year and on not in known:
            yield Due(on, usual_amount(policy, on), False)
