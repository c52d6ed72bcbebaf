"""Keeping in touch: birthdays, a death, a new class, silence, reviews, the new policy."""

from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncDate
from django.db.models.lookups import GreaterThanOrEqual
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from followups.models import ServiceItem
from followups.rulebook.whom import holders
from followups.rules import (
    USUAL_TURNINGS,
    ClientRule,
    FamilyRule,
    PlusDays,
    PolicyRule,
    Population,
    Rule,
    Turning,
)
from policies.models import Policy, annual_premium_of_holder

LARGE_PREMIUM = Decimal(50_000)


def bereaved(day: date) -> QuerySet[Client]:
    """Clients who have died and left a policy that has not ended."""
    left = Policy.objects.filter(holder=OuterRef("pk"), status__in=Policy.ALIVE)
    return Client.objects.filter(Exists(left), deceased_on__isnull=False)


def large_holders(day: date) -> QuerySet[Client]:
    return (
        holders(day)
        .alias(a_year=Subquery(annual_premium_of_holder(day)))
        .filter(a_year__gte=LARGE_PREMIUM)
    )


def to_develop(day: date) -> QuerySet[Client]:
    """Who is to be developed, and has not asked to be spared."""
    return holders(day).filter(
        client_class=Client.Class.DEVELOP, do_not_sell=False, complaint_open_since=None
    )


# How long the silence is called half asleep, and asleep; and how long such a call is worth making.
HALF_ASLEEP, ASLEEP, WAKE_UP_KEEP = 180, 365, 60


def in_touch(day: date) -> QuerySet[Client]:
    """Holders whose silence follows the rhythm of their class; while a wake-up call stands, it rests.

    What was silent before we knew the client stands on the wake-up list, and on no day's list.
    """
    heard = Q(silent_since__gt=day - timedelta(days=HALF_ASLEEP))
    dozing = Q(
        silent_since__lt=day - timedelta(days=HALF_ASLEEP + WAKE_UP_KEEP),
        silent_since__gt=day - timedelta(days=ASLEEP),
    )
    sleeping = Q(silent_since__lt=day - timedelta(days=ASLEEP + WAKE_UP_KEEP))
    return holders(day).filter(heard | dozing | sleeping, created_at__date__lte=F("contact_by"))


def silent_for(days: int) -> Population:
    """Holders who have been known to us for long enough to have been silent for so many days."""
    known = GreaterThanOrEqual(PlusDays("silent_since", days), TruncDate("created_at"))
    return lambda day: holders(day).filter(known)


SILENCES = tuple(
    Turning(Client.objects.all, "silent_since", "pk", days=days)
    for days in (HALF_ASLEEP, HALF_ASLEEP + WAKE_UP_KEEP + 1, ASLEEP, ASLEEP + WAKE_UP_KEEP + 1)
)
# A review is due a year after the last one, and then worth doing for a quarter. Between them the
# anniversary of the first policy asks, unless there has been one in the last ten months.
REVIEWED_LATELY, REVIEW_YEAR, REVIEW_KEEP = 300, 365, 90


def not_reviewed(day: date) -> QuerySet[Client]:
    lately = Q(
        last_review_on__lt=day - timedelta(days=REVIEWED_LATELY),
        last_review_on__gt=day - timedelta(days=REVIEW_YEAR),
    )
    long_ago = Q(last_review_on__lt=day - timedelta(days=REVIEW_YEAR + REVIEW_KEEP))
    return holders(day).filter(Q(last_review_on=None) | lately | long_ago)


REVIEWS = tuple(
    Turning(Client.objects.all, "last_review_on", "pk", days=days)
    for days in (REVIEWED_LATELY + 1, REVIEW_YEAR, REVIEW_YEAR + REVIEW_KEEP + 1)
)


def settled_in(day: date) -> QuerySet[Policy]:
    """New policies of clients to develop or to nurture."""
    close = (Client.Class.DEVELOP, Client.Class.NURTURE)
    return Policy.objects.in_force(day).filter(holder__client_class__in=close)


RULES: list[Rule] = [
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
        proactive=True,
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
    FamilyRule(
        code="condolence",
        label=_("Condolence to the family"),
        among=bereaved,
        on="deceased_on",
        day=1,
        keep=5,
        series="condolence",
        item=ServiceItem.CLAIM_HELP,
        priority=2,
        event=True,
    ),
    FamilyRule(
        code="payout-to-family",
        label=_("Payout to the family"),
        among=bereaved,
        on="deceased_on",
        day=7,
        keep=60,
        series="bequest",
        item=ServiceItem.CLAIM_HELP,
        priority=1,
        event=True,
    ),
    ClientRule(
        code="moved-to-develop",
        label=_("Moved to the clients to develop"),
        among=to_develop,
        on="class_since",
        day=3,
        keep=30,
        series="develop",
        # Not the recommendation, which is up to the agent: before anything is recommended, what is
        # there is looked through, and that is owed to whoever is to be developed.
        item=ServiceItem.POLICY_REVIEW,
        priority=4,
        proactive=True,
        flexible=True,
    ),
    ClientRule(
        code="cadence",
        label=_("Not heard from us for long"),
        among=in_touch,
        on="contact_by",
        day=0,
        keep=20,
        series="silence",
        item=ServiceItem.GREETING,
        priority=4,
        proactive=True,
        flexible=True,
        turning=(*USUAL_TURNINGS, *SILENCES),
    ),
    ClientRule(
        code="half-asleep",
        label=_("No contact for half a year"),
        among=silent_for(HALF_ASLEEP),
        on="silent_since",
        day=HALF_ASLEEP,
        keep=WAKE_UP_KEEP,
        series="silence",
        item=ServiceItem.GREETING,
        priority=3,
        proactive=True,
    ),
    ClientRule(
        code="dormant",
        label=_("No contact for a year"),
        among=silent_for(ASLEEP),
        on="silent_since",
        day=ASLEEP,
        keep=WAKE_UP_KEEP,
        series="silence",
        item=ServiceItem.GREETING,
        priority=3,
        proactive=True,
    ),
    ClientRule(
        code="policy-review",
        label=_("A year since the last policy review"),
        among=holders,
        on="last_review_on",
        day=REVIEW_YEAR,
        keep=REVIEW_KEEP,
        series="review",
        item=ServiceItem.POLICY_REVIEW,
        priority=4,
        proactive=True,
        flexible=True,
    ),
    ClientRule(
        code="anniversary-review",
        label=_("Policy review for the anniversary"),
        among=not_reviewed,
        on="anniversary_on",
        day=-15,
        keep=45,
        series="review",
        item=ServiceItem.POLICY_REVIEW,
        priority=4,
        proactive=True,
        flexible=True,
        turning=(*USUAL_TURNINGS, *REVIEWS),
    ),
    PolicyRule(
        code="new-policy-month",
        label=_("A month with the new policy"),
        among=settled_in,
        on="effective_on",
        day=30,
        keep=15,
        series="settled",
        item=ServiceItem.GREETING,
        priority=4,
        proactive=True,
        flexible=True,
    ),
    PolicyRule(
        code="new-policy-quarter",
        label=_("Three months with the new policy"),
        among=settled_in,
        on="effective_on",
        day=90,
        keep=15,
        series="settled",
        item=ServiceItem.GREETING,
        priority=4,
        proactive=True,
        flexible=True,
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
