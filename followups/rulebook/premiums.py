"""What is asked of a premium: before it is due, in grace, after a word, a debit or a payment."""

from datetime import date, timedelta

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from followups.models import FollowUp, ServiceItem
from followups.rules import USUAL_TURNINGS, InstalmentRule, Rule, Turning
from policies.authorisation import ACCOUNT_FAULTS
from policies.models import ASKED_BEFORE, BankRow, Instalment, Policy

A_YEAR = timedelta(days=350)  # nearly: a list may bring a due date a few days earlier
ASKED_FOR = 50
ASKED_ANEW = (FollowUp.Reason.CHANGED, FollowUp.Reason.SIGNED)


def unauthorised_first_of_year(day: date) -> QuerySet[Instalment]:
    """Each policy is asked for its authorisation once a year, however often it pays.

    Of several premiums that could be asked for on `day`, the earliest stands for all.
    """
    still_asked_for = day + ASKED_BEFORE - timedelta(days=ASKED_FOR)
    earlier = _unasked(day).filter(
        policy=OuterRef("policy"), due_on__lt=OuterRef("due_on"), due_on__gte=still_asked_for
    )
    return _unasked(day).exclude(Exists(earlier))


def _unasked(day: date) -> QuerySet[Instalment]:
    anew = Q(status=FollowUp.Status.WITHDRAWN, reason__in=ASKED_ANEW)
    asked = FollowUp.objects.filter(
        ~anew | Q(occasion_on=OuterRef("due_on")),  # of one premium never twice
        client_id=OuterRef("policy__holder_id"),
        rule="authorisation-missing",
        policy_id=OuterRef("policy_id"),
        occasion_on__gt=OuterRef("due_on") - A_YEAR,
        occasion_on__lt=OuterRef("due_on") + A_YEAR,
    )
    return Instalment.objects.without_authorisation(day).exclude(Exists(asked))


# From then on the earlier premium no longer stands for a later one.
LEAVES_THE_WINDOW = Turning(
    lambda: Instalment.objects.filter(
        Q(policy__authorised_until__isnull=False)
        | Q(policy__authorisation__in=[Policy.Authorisation.MISSING, Policy.Authorisation.EXPIRED])
    ),
    "due_on",
    "policy__holder_id",
    days=ASKED_FOR - ASKED_BEFORE.days + 1,
)
# What a failed debit asks for: money in the account, a new form signed on a visit, or patience.
REMEDY = Case(
    When(failure__in=ACCOUNT_FAULTS, then=Value(ServiceItem.AUTHORISATION.value)),
    default=Value(ServiceItem.RENEWAL_REMINDER.value),
)
HASTE = Case(When(failure=BankRow.Failure.SYSTEM_ERROR, then=Value(4)), default=Value(2))
unpaid = Instalment.objects.unpaid

RULES: list[Rule] = [
    InstalmentRule(
        code="renewal-quarter",
        label=_("Large premium due in a quarter"),
        among=Instalment.objects.unpaid_large,
        on="due_on",
        day=-90,
        keep=45,
        priority=4,
        rests=True,
    ),
    InstalmentRule(
        code="renewal-month",
        label=_("Premium due in a month"),
        among=Instalment.objects.unpaid_quarterly_or_longer,
        on="due_on",
        day=-30,
        keep=20,
        priority=3,
        rests=True,
    ),
    InstalmentRule(
        code="renewal-week",
        label=_("Premium due in a week"),
        among=Instalment.objects.unpaid_by_debit_or_monthly,
        on="due_on",
        day=-7,
        keep=6,
        priority=3,
        rests=True,
    ),
    InstalmentRule(
        code="renewal-due",
        label=_("Premium due"),
        among=unpaid,
        on="due_on",
        day=0,
        keep=5,
        priority=2,
        rests=True,
    ),
    InstalmentRule(
        code="grace-10",
        label=_("Ten days into grace"),
        among=unpaid,
        on="due_on",
        day=10,
        keep=10,
        priority=2,
        rests=True,
    ),
    InstalmentRule(
        code="grace-30",
        label=_("Thirty days into grace"),
        among=unpaid,
        on="due_on",
        day=30,
        keep=10,
        priority=2,
        rests=True,
    ),
    InstalmentRule(
        code="grace-45",
        label=_("Forty-five days into grace"),
        among=unpaid,
        on="due_on",
        day=45,
        keep=7,
        priority=1,
        rests=True,
    ),
    InstalmentRule(
        code="grace-last-week",
        label=_("Last week of grace"),
        among=unpaid,
        on="grace_ends_on",
        day=-7,
        keep=3,
        priority=1,
        rests=True,
    ),
    InstalmentRule(
        code="grace-last-days",
        label=_("Last days of grace"),
        among=unpaid,
        on="grace_ends_on",
        day=-3,
        keep=3,
        priority=1,
        rests=True,
    ),
    InstalmentRule(
        code="promise-check",
        label=_("Promised, not arrived"),
        among=Instalment.objects.promised,
        on="promised_on",
        day=1,
        keep=3,
        priority=1,
        rests=True,
    ),
    InstalmentRule(
        code="claim-check",
        label=_("Said to be paid, not arrived"),
        among=Instalment.objects.claimed,
        on="rests_until",
        day=1,
        keep=5,
        priority=2,
        rests=True,
    ),
    InstalmentRule(
        code="bank-failed",
        label=_("Bank debit failed"),
        among=Instalment.objects.debit_failed,
        on="failed_on",
        day=0,
        keep=5,
        priority=2,
        item_by=REMEDY,
        priority_by=HASTE,
    ),
    InstalmentRule(
        code="authorisation-missing",
        label=_("Auto-debit form missing"),
        among=unauthorised_first_of_year,
        still=Instalment.objects.without_authorisation,
        on="due_on",
        day=-ASKED_BEFORE.days,
        keep=ASKED_FOR,
        series="authorise",
        item=ServiceItem.AUTHORISATION,
        priority=3,
        turning=(*USUAL_TURNINGS, LEAVES_THE_WINDOW),
        flexible=True,
    ),
    InstalmentRule(
        code="uncollected-form",
        label=_("Form on the unpaid premium"),
        among=Instalment.objects.unpaid_without_form,
        on="due_on",
        day=40,
        keep=20,
        series="form",
        item=ServiceItem.UNCOLLECTED,
        priority=2,
    ),
    InstalmentRule(
        code="last-premium",
        label=_("The last premium is coming"),
        among=Instalment.objects.unpaid_final,
        on="due_on",
        day=-60,
        keep=60,
        series="last",
        priority=3,
    ),
    InstalmentRule(
        code="success-notice",
        label=_("Premium collected: bring the notice"),
        among=Instalment.objects.paid_for_sure,
        on="paid_on",
        day=1,
        keep=14,
        series="notice",
        item=ServiceItem.PAID_NOTICE,
        priority=3,
        flexible=True,
    ),
    InstalmentRule(
        code="paying-completed",
        label=_("All premiums are paid"),
        among=Instalment.objects.paid_final,
        on="paid_on",
        day=3,
        keep=30,
        series="notice",
        item=ServiceItem.PAID_NOTICE,  # not the review: whoever has paid it all hears of it
        priority=3,
        flexible=True,
    ),
    InstalmentRule(
        code="premium-loan",
        label=_("Premium advanced as a loan"),
        among=Instalment.objects.advanced,
        on="closed_on",
        day=1,
        keep=20,
        series="loan",
        priority=2,
    ),
]
