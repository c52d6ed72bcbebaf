"""What is missing or cannot be right in the records of clients: counted by agent, each with its list."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clients.models import Client, ClientQuerySet

MOBILE = r"^\D*((00)?86)?\D*1[3-9](\D*\d){9}\D*$"  # however it is spaced
OLDEST = date(1900, 1, 1)
SHARED_BY = 4  # a number that more clients have is nobody's own


@dataclass(frozen=True)
class Check:
    """One thing to mend. `lacks` are the clients of whom it is true on a day."""

    code: str
    label: str | Promise
    lacks: Callable[[date], Q]


def _shared(_day: date) -> Q:
    often = Client.objects.exclude(mobile="").order_by().values("mobile")
    often = often.annotate(n=Count("pk")).filter(n__gt=SHARED_BY)
    return Q(mobile__in=often.values("mobile"))


CHECKS = (
    Check("no-mobile", _("No mobile"), lambda day: Q(mobile="")),
    Check(
        "bad-mobile", _("Not a mobile number"), lambda day: ~Q(mobile="") & ~Q(mobile__regex=MOBILE)
    ),
    Check("dead-number", _("Number is wrong"), lambda day: Q(contact_invalid_on__isnull=False)),
    Check("shared-mobile", _("Mobile of many"), _shared),
    Check("no-birth", _("No birth date"), lambda day: Q(birth_on=None)),
    Check(
        "odd-birth",
        _("Birth date cannot be"),
        lambda day: Q(birth_on__gt=day) | Q(birth_on__lt=OLDEST),
    ),
    Check("no-id", _("No ID number"), lambda day: Q(id_index=None)),
    Check("id-expired", _("ID expired"), lambda day: Q(id_valid_to__lt=day)),
    Check("no-address", _("No address"), lambda day: Q(address="")),
    Check("no-gender", _("No gender"), lambda day: Q(gender="")),
)
BY_CODE = {check.code: check for check in CHECKS}


@dataclass(frozen=True)
class Line:
    """An agent's clients, and of how many each thing is true."""

    agent_id: int | None
    name: str
    staff_no: str
    clients: int
    counts: tuple[int, ...]

    @property
    def cells(self) -> list[tuple[Check, int]]:
        return list(zip(CHECKS, self.counts, strict=True))


def alive(clients: ClientQuerySet) -> ClientQuerySet:
    """Of the dead nothing need be mended."""
    return clients.filter(deceased=False)


def by_agent(clients: ClientQuerySet, day: date) -> list[Line]:
    """Counted in one query; whoever has most to mend comes first."""
    counted = {f"n{n}": Count("pk", filter=check.lacks(day)) for n, check in enumerate(CHECKS)}
    rows = (
        alive(clients)
        .order_by()
        .values_list("agent_id", "agent__name", "agent__staff_no")
        .annotate(clients=Count("pk"), **counted)
    )
    lines = [
        Line(agent, name or "", staff_no or "", n, tuple(counts))
        for agent, name, staff_no, n, *counts in rows
    ]
    return sorted(lines, key=lambda line: (-sum(line.counts), line.staff_no))


def whole(lines: list[Line]) -> Line:
    counts = tuple(sum(each) for each in zip(*(line.counts for line in lines), strict=True))
    return Line(None, "", "", sum(line.clients for line in lines), counts or (0,) * len(CHECKS))
