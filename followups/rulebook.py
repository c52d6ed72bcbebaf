"""Every rule: the only file one touches to add one. Days are counted from the occasion."""

from datetime import date
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from followups.models import FollowUp, ServiceItem
from followups.rules import ClientRule, InstalmentRule, PolicyRule, Rule
from policies.models import Instalment, Policy, annual_premium_of_holder

LARGE_PREMIUM = Decimal(50_000)


def holders(day: date) -> QuerySet[Client]:
    """Holders of a policy in force."""
    return Client.objects.filter(Exists(Policy.objects.in_force(day).filter(holder=OuterRef("pk"))))


def large_holders(day: date) -> QuerySet[Client]:
    return (
        holders(day)
        .alias(a_year=Subquery(annual_premium_of_holder(day)))
        .filter(a_year__gte=LARGE_PREMIUM)
    )


unpaid = Instalment.objects.unpaid
RULEBOOK: list[Rule] = [
    InstalmentRule(
        code="renewal-quarter",
        label=_("Large premium due in a quarter"),
        among=Instalment.objects.unpaid_large,
        on="due_on",
        day=-90,
        keep=45,
        priority=4,
    ),
    InstalmentRule(
        code="renewal-month",
        label=_("Premium due in a month"),
        among=Instalment.objects.unpaid_quarterly_or_longer,
        on="due_on",
        day=-30,
        keep=20,
        priority=3,
    ),
    InstalmentRule(
        code="renewal-due",
        label=_("Premium due"),
        among=unpaid,
        on="due_on",
        day=0,
        keep=5,
        priority=2,
    ),
    InstalmentRule(
        code="grace-10",
        label=_("Ten days into grace"),
        among=unpaid,
        on="due_on",
        day=10,
        keep=10,
        priority=2,
    ),
    InstalmentRule(
        code="grace-30",
        label=_("Thirty days into grace"),
        among=unpaid,
        on="due_on",
        day=30,
        keep=10,
        priority=2,
    ),
    InstalmentRule(
        code="grace-45",
        label=_("Forty-five days into grace"),
        among=unpaid,
        on="due_on",
        day=45,
        keep=7,
        priority=1,
    ),
    InstalmentRule(
        code="grace-last-week",
        label=_("Last week of grace"),
        among=unpaid,
        on="grace_ends_on",
        day=-7,
        keep=3,
        priority=1,
    ),
    InstalmentRule(
        code="grace-last-days",
        label=_("Last days of grace"),
        among=unpaid,
        on="grace_ends_on",
        day=-3,
        keep=3,
        priority=1,
    ),
    PolicyRule(
        code="lapsed",
        label=_("Policy lapsed"),
        among=Policy.objects.lapsed,
        on="lapses_on",
        day=0,
        keep=14,
        series="lapse",
        item=ServiceItem.RENEWAL_REMINDER,
        priority=1,
    ),
    PolicyRule(
        code="maturity-month",
        label=_("Matures in a month"),
        among=Policy.objects.paying_out,
        on="matures_on",
        day=-30,
        keep=20,
        series="maturity",
        item=ServiceItem.PAYOUT_NOTICE,
        priority=3,
        event=True,
    ),
    PolicyRule(
        code="maturity-week",
        label=_("Matures in a week"),
        among=Policy.objects.paying_out,
        on="matures_on",
        day=-7,
        keep=6,
        series="maturity",
        item=ServiceItem.PAYOUT_NOTICE,
        priority=2,
        event=True,
    ),
    PolicyRule(
        code="maturity-day",
        label=_("Matures today"),
        among=Policy.objects.paying_out,
        on="matures_on",
        day=0,
        keep=10,
        series="maturity",
        item=ServiceItem.PAYOUT_NOTICE,
        priority=2,
        event=True,
    ),
    PolicyRule(
        code="cover-month",
        label=_("Cover ends in a month"),
        among=Policy.objects.yearly,
        on="covers_until",
        day=-30,
        keep=20,
        series="cover",
        item=ServiceItem.RENEWAL_REMINDER,
        priority=3,
    ),
    PolicyRule(
        code="cover-week",
        label=_("Cover ends in a week"),
        among=Policy.objects.yearly,
        on="covers_until",
        day=-7,
        keep=6,
        series="cover",
        item=ServiceItem.RENEWAL_REMINDER,
        priority=2,
    ),
    PolicyRule(
        code="cover-day",
        label=_("Cover ends today"),
        among=Policy.objects.yearly,
        on="covers_until",
        day=0,
        keep=7,
        series="cover",
        item=ServiceItem.RENEWAL_REMINDER,
        priority=1,
    ),
    ClientRule(
        code="birthday-soon",
        label=_("Birthday in a week"),
        among=large_holders,
        on="next_birthday_on",
        day=-7,
        keep=6,
        series="birthday",
        item=ServiceItem.GREETING,
        priority=4,
    ),
    ClientRule(
        code="birthday",
        label=_("Birthday today"),
        among=holders,
        on="next_birthday_on",
        day=0,
        keep=0,
        series="birthday",
        item=ServiceItem.GREETING,
        priority=3,
    ),
    PolicyRule(
        code="policy-delivery",
        label=_("Deliver the new policy"),
        among=Policy.objects.undelivered,
        on="issued_on",
        day=1,
        keep=5,
        series="delivery",
        item=ServiceItem.PAID_NOTICE,
        priority=1,
    ),
]

BY_CODE = {rule.code: rule for rule in RULEBOOK}


def label_of(code: str) -> str | Promise:
    """The name of a rule in words; what was agreed with a client has no line in the book."""
    if code == FollowUp.AGREED:
        return _("Agreed with the client")
    return BY_CODE[code].label if code in BY_CODE else code
