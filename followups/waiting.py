"""What waits for a leader, counted: matters handed up, logs to go through, checks of the day."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, QuerySet, Value

from accounts.models import User
from followups.models import DayLog, Escalation, SpotCheck


@dataclass(frozen=True)
class Waiting:
    matters: int = 0
    logs: int = 0
    checks: int = 0
    checked: int = 0


def waiting_for(user: User, today: date) -> Waiting:
    """One query."""
    checks = SpotCheck.objects.visible_to(user).standing().filter(leader=user)
    counted = {
        "matters": Escalation.objects.visible_to(user).open(),
        "logs": DayLog.objects.visible_to(user).to_review().exclude(agent=user),
        "checks": checks.open().filter(on=today),
        "checked": checks.filter(done_at__date=today),
    }
    first, *others = (_named(name, rows) for name, rows in counted.items())
    return Waiting(**dict(first.union(*others, all=True)))


def _named(name: str, rows: "QuerySet[Any]") -> "QuerySet[Any, tuple[str, int]]":
    named: Any = rows.order_by().annotate(what=Value(name)).values("what")
    counted: QuerySet[Any, tuple[str, int]] = named.annotate(n=Count("pk")).values_list("what", "n")
    return counted
