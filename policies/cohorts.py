"""Which policies persistency (继续率) is about, and what of them counts as received.

For the assessment month m and k of 13 or 25, the cohort took effect k + 1 months before m: grace is 60
days, so that the last of it has ended when m does (13 for June 2026: took effect in April 2025, due
again in April 2026, last grace end 29 June 2026). A policy counts whole, with its annualised premium,
when the premium that opens the new policy year is received by the end of its own grace; for shorter
modes that is the first premium of the year. Money that came with a reinstatement comes too late.

Left out, and counted as excluded: withdrawn in cooling-off; ended by a claim, matured or transferred
out before that premium fell due; nothing due any more because the paying years are over.

An office may count in three other ways, alone or together: see `Counting`.
"""

from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import (
    BooleanField,
    Case,
    DateField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
)  # fmt: skip
from django.db.models.functions import Coalesce

from lib import dates
from policies.models import FIRST_YEAR, MODE_MONTHS, Instalment, Policy, PolicyQuerySet


@dataclass(frozen=True)
class Counting:
    """Other ways to count than the usual one; decision 0007 tells what each changes."""

    kept: bool = False  # of what was kept the year before: what was lost by then is left out
    each: bool = False  # every premium of the policy year, in the month in which its grace ends
    reinstated: bool = False  # money that came too late counts, too


# Nobody's failure to keep it, if it came before the premium fell due.
LEFT_WITHOUT_FAULT = (Policy.Status.CLAIMED, Policy.Status.MATURED, Policy.Status.TRANSFERRED)
USUAL = Counting()
COUNTED = tuple(each.name for each in fields(Counting))


def cohort(month: date, k: int, months: int = 1, counting: Counting = USUAL) -> "Cohort":
    """What is counted for the month, or for the `months` that end with it."""
    way = EachPremium if counting.each else Cohort
    return way(month, k, months, counting)


@dataclass(frozen=True)
class Cohort:
    """The policies of an assessment month, or of the `months` that end with it."""

    month: date  # its first day
    k: int  # 13 or 25
    months: int = 1
    counting: Counting = USUAL

    @property
    def years(self) -> int:
        """After how many years the premium in question falls due."""
        return self.k // 12

    @property
    def effective(self) -> tuple[date, date]:
        """First and last day on which its policies took effect."""
        last = dates.add_months(self.month, -(self.k + 1))
        return dates.add_months(last, 1 - self.months), dates.month_end(last)

    @property
    def due(self) -> tuple[date, date]:
        """First and last day on which the premiums in question fall due."""
        first, last = self.effective
        return dates.add_years(first, self.years), dates.month_end(
            dates.add_years(last, self.years)
        )

    def policies(self, among: PolicyQuerySet) -> QuerySet[Any]:
        """Policies of the cohort, each with `excluded`, `received` and `weight`."""
        began = among.filter(effective_on__range=self.effective, premium_mode__in=MODE_MONTHS)
        weighed: QuerySet[Any] = self._weighed(began)
        if self._of_kept:
            weighed = weighed.annotate(
                kept_from=_year_before("due_from"), kept_before=_year_before("due_before")
            )
        came = self._came("due_from", "due_before")
        received = Case(When(excluded=False, then=came), default=False)
        judged: QuerySet[Any] = weighed.annotate(excluded=self._excluded())
        counted: QuerySet[Any] = judged.annotate(received=received)
        return counted

    def _weighed(self, policies: QuerySet[Any]) -> QuerySet[Any]:
        """Each with its weight, and with the day and the month in which the premium falls due."""
        weighed: QuerySet[Any] = policies.annotate(
            weight=FIRST_YEAR,
            falls_due_on=self._in_years("%(expressions)s"),
            due_from=self._in_years("date_trunc('month', %(expressions)s)"),
            due_before=self._in_years("date_trunc('month', %(expressions)s) + interval '1 month'"),
        )
        return weighed

    def _in_years(self, day: str) -> Func:
        """A date that follows from the effective date, some years on; 29 February becomes the 28th."""
        return _day("effective_on", f"{day} + make_interval(years => {self.years})")

    @property
    def _of_kept(self) -> bool:
        """In the year before the thirteenth month everything was kept: it is the first."""
        return self.counting.kept and self.years > 1

    def _excluded(self) -> Case:
        if not self._of_kept:
            return _case(self._left_out())
        return Case(
            When(self._left_out(), then=True),
            When(self._came("kept_from", "kept_before"), then=False),
            default=True,
            output_field=BooleanField(),
        )

    def _left_out(self) -> Q:
        before_it_was_due = Q(ended_on=None) | Q(ended_on__lt=F("falls_due_on"))
        ended = Q(status__in=LEFT_WITHOUT_FAULT) & before_it_was_due
        paid_in_full = Q(pay_years__gt=0, pay_years__lte=self.years)
        return Q(status=Policy.Status.COOLED_OFF) | ended | paid_in_full

    def _came(self, begins: str, ends: str) -> Coalesce:
        """Whether the premium that falls due between these two was received as it should be."""
        in_time = Q(paid_on__lte=F("grace_ends_on"))
        paid = Q(paid_on__isnull=False) if self.counting.reinstated else in_time
        came = _case(paid | Q(closed_as=Instalment.Closed.WAIVED))
        found: QuerySet[Any] = _premium(begins, ends).order_by().values("policy")
        told = Subquery(found.annotate(came=BoolOr(came)).values("came"))
        return Coalesce(told, self._paid_later(ends))

    def _paid_later(self, ends: str) -> Case:
        """Of a premium that fell due before we knew the policy, the book tells where it stands now."""
        stands_later = Q(next_due_on__gte=F(ends)) | Q(paid_to__gte=F(ends))
        in_time = Q() if self.counting.reinstated else Q(reinstated_on=None)
        return _case(stands_later & in_time)

    def levers(self, among: PolicyQuerySet, day: date) -> QuerySet[Any]:
        """What can still be collected in time, the heaviest first; each with `grace_ends_on`."""
        premium = _premium("due_from", "due_before")
        owed = premium.filter(paid_on=None, closed_on=None, grace_ends_on__gte=day)
        collectable: QuerySet[Any] = self.policies(among).filter(
            Exists(owed), excluded=False, status=Policy.Status.IN_FORCE
        )
        with_end: QuerySet[Any] = collectable.annotate(
            grace_ends_on=owed.values("grace_ends_on")[:1]
        )
        return with_end.order_by("-weight", "grace_ends_on", "pk")


@dataclass(frozen=True)
class EachPremium(Cohort):
    """Every premium of the policy year by itself, in the month in which it falls due.

    The policies took effect in any month of a year, each in that of one of its premiums; a premium
    weighs as much of the first year's as the months it pays for. After twelve assessment months a
    policy has been weighed whole, whatever its mode.
    """

    @property
    def effective(self) -> tuple[date, date]:
        first, last = super().effective
        return dates.add_months(first, -11), last

    @property
    def due(self) -> tuple[date, date]:
        last = dates.add_months(self.month, 12 * self.years - self.k - 1)
        return dates.add_months(last, 1 - self.months), dates.month_end(last)

    def _weighed(self, policies: QuerySet[Any]) -> QuerySet[Any]:
        of_the_year = range(12 * self.years, 12 * self.years + 12)
        due = policies.filter(
            premium_months__month__in=of_the_year, premium_months__due_from__range=self.due
        )
        weighed: QuerySet[Any] = due.annotate(
            weight=FIRST_YEAR * F("premium_months__paid_for") / 12,
            falls_due_on=F("premium_months__falls_due_on"),
            due_from=F("premium_months__due_from"),
            due_before=_day("premium_months__due_from", "%(expressions)s + interval '1 month'"),
        )
        return weighed


def _premium(begins: str, ends: str) -> QuerySet[Any]:
    """Subquery: the premium of the policy that falls due between these two."""
    return Instalment.objects.filter(
        policy=OuterRef("pk"), due_on__gte=OuterRef(begins), due_on__lt=OuterRef(ends)
    )


def _year_before(day: str) -> Func:
    return _day(day, "%(expressions)s - interval '1 year'")


def _day(since: str, template: str) -> Func:
    return Func(F(since), template=f"({template})::date", output_field=DateField())


def _case(condition: Q) -> Case:
    return Case(When(condition, then=True), default=False, output_field=BooleanField())
