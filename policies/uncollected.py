"""Uncollected cases (未收件): forms on which clients sign why a premium was not paid."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.db import models, transaction
from django.db.models import Count, F, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet
from lib import dates

if TYPE_CHECKING:
    from policies.models import Instalment


class UncollectedQuerySet(ScopedQuerySet["UncollectedCase"]):
    agent_field = "policy__holder__agent"

    def of_month(self, month: date) -> Self:
        return self.filter(signed_on__range=trade_month(month))

    def for_list(self) -> Self:
        return self.select_related(
            "policy__product", "policy__holder__agent__team", "instalment", "by"
        ).order_by("-signed_on", "-pk")


class UncollectedCase(models.Model):
    class Why(models.IntegerChoices):
        """The twelve reasons on the form (Taikang order 2005-8)."""

        EMPLOYER = 1, _("The employer buys the cover")
        PRODUCT = 2, _("The product does not satisfy")
        DISTRUST = 3, _("No trust in the company")
        SERVICE = 4, _("The service")
        CLAIM = 5, _("A claim")
        FAMILY = 6, _("The family")
        MISLED = 7, _("Misled by the salesperson")
        MONEY = 8, _("Short of money for now")
        OWN_POLICY = 9, _("The agent's own policy")
        COMPETITOR = 10, _("A competitor")
        OTHER = 11, _("Another reason")
        UNREACHABLE = 12, _("Cannot be contacted")

    policy = models.ForeignKey("policies.Policy", models.CASCADE, related_name="uncollected_cases")
    instalment = models.OneToOneField(
        "policies.Instalment", models.CASCADE, related_name="uncollected_case"
    )
    reason = models.PositiveSmallIntegerField(_("reason"), choices=Why)
    signed_on = models.DateField(_("signed on"))
    note = models.CharField(_("note"), max_length=200, blank=True, default="")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now_add=True)

    objects = UncollectedQuerySet.as_manager()

    class Meta:
        verbose_name = _("uncollected case")
        verbose_name_plural = _("uncollected cases")
        ordering = ("-signed_on", "-pk")
        indexes = (models.Index(fields=["signed_on"], name="uncollected_signed"),)

    def __str__(self) -> str:
        return f"{self.instalment_id} {self.reason}"


LAST_DAY = 25  # the trade's month ends here; the next begins the day after


def trade_month(month: date) -> tuple[date, date]:
    """First and last day of the trade's month: from the 26th of the one before to the 25th."""
    last = month.replace(day=LAST_DAY)
    return dates.add_months(last, -1).replace(day=LAST_DAY + 1), last


def month_of(day: date) -> date:
    """The first of the month to which the trade counts the day."""
    first = day.replace(day=1)
    return first if day.day <= LAST_DAY else dates.add_months(first, 1)


class Refused(Exception):  # noqa: N818 - what it says to the user
    """The form cannot be recorded; the message says why."""


@transaction.atomic
def bring_back(
    instalment: "Instalment", *, reason: int, signed_on: date, by: User, note: str = ""
) -> UncollectedCase:
    """Record the form that the client signed about an unpaid premium; a second one replaces the first."""
    instalment = type(instalment).objects.select_for_update(of=("self",)).get(pk=instalment.pk)
    if not instalment.is_owed:
        raise Refused(_("This premium is settled. There is nothing to explain."))
    if signed_on < instalment.due_on:
        raise Refused(_("The form was signed before the premium fell due. Correct the day."))
    said = {"reason": reason, "signed_on": signed_on, "note": note, "by": by}
    case, _new = UncollectedCase.objects.update_or_create(
        instalment=instalment, defaults=said | {"policy_id": instalment.policy_id}
    )
    return case


@dataclass
class Line:
    """One agent or team of the report: forms by reason, and the premiums they are about."""

    key: int | None
    name: str
    counts: dict[int, int] = field(default_factory=dict)
    premium: Decimal = Decimal(0)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def cells(self) -> list[tuple[int, int]]:
        return [(why, self.counts.get(why, 0)) for why in UncollectedCase.Why.values]


GROUPS = {"agent": "policy__holder__agent", "team": "policy__holder__agent__team"}


def report(cases: Iterable[Any], by: str) -> tuple[list[Line], Line]:
    """The lines by agent or team, the largest first, and their sum."""
    way = GROUPS[by]
    rows: Any = cases
    found = (
        rows.order_by()
        .values("reason", key=F(f"{way}__pk"), name=F(f"{way}__name"))
        .annotate(n=Count("pk"), premium=Sum("instalment__amount"))
    )
    lines: dict[int | None, Line] = {}
    whole = Line(None, "")
    for row in found:
        line = lines.setdefault(row["key"], Line(row["key"], row["name"] or ""))
        for one in (line, whole):
            one.counts[row["reason"]] = one.counts.get(row["reason"], 0) + row["n"]
            one.premium += row["premium"]
    return sorted(lines.values(), key=lambda line: (-line.total, line.name)), whole
