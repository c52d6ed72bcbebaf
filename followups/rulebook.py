"""Every rule: the only file one touches to add one. Days are counted from the occasion."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import TruncDate
from django.db.models.lookups import GreaterThanOrEqual
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clients.handover import TALK, TO_MEET, VISIT, spoken
from clients.kinship import Kin
from clients.models import Client, FamilyMember, InfoCard, KeyDate, LifeEvent
from followups.festivals import SUBJECT
from followups.models import FollowUp, ServiceItem
from followups.planned import Planned
from followups.rules import (
    USUAL_TURNINGS,
    CareRule,
    ClientRule,
    FamilyRule,
    InstalmentRule,
    PlannedRule,
    PlusDays,
    PolicyRule,
    Population,
    Rule,
    Turning,
)
from policies.authorisation import ACCOUNT_FAULTS
from policies.models import (
    ASKED_BEFORE,
    BankRow,
    Instalment,
    Policy,
    Product,
    annual_premium_of_holder,
)

LARGE_PREMIUM = Decimal(50_000)
A_YEAR = timedelta(days=350)  # nearly: a list may bring a due date a few days earlier
ASKED_FOR = 50
ASKED_ANEW = (FollowUp.Reason.CHANGED, FollowUp.Reason.SIGNED)
TOP = ("key", "important")  # tiers
NO_LONGER_MARRIED = (InfoCard.Marital.DIVORCED, InfoCard.Marital.WIDOWED)


def holders(day: date) -> QuerySet[Client]:
    """Holders of a policy in force."""
    return Client.objects.filter(Exists(Policy.objects.in_force(day).filter(holder=OuterRef("pk"))))


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


def of_holders(rows: QuerySet[Any], day: date) -> QuerySet[Any]:
    """What belongs to clients who hold a policy in force."""
    return rows.filter(Exists(Policy.objects.in_force(day).filter(holder=OuterRef("client"))))


def not_looked_up(day: date) -> QuerySet[Client]:
    """Whose number was found wrong, and is not being looked for since."""
    looked_up = FollowUp.objects.filter(
        client=OuterRef("pk"),
        rule__in=(FollowUp.NUMBER, FollowUp.ADDRESS),
        list_on__gte=OuterRef("contact_invalid_on"),
    )
    return holders(day).exclude(Exists(looked_up))


def new_to_their_agent(day: date) -> QuerySet[Client]:
    """Handed over, and not yet spoken to by whoever serves them now."""
    known = spoken(TALK, client="pk", by="agent", since="handed_over_on")
    return holders(day).filter(handed_over_on__isnull=False).exclude(known)


def not_met_by_their_agent(day: date) -> QuerySet[Client]:
    met = spoken(VISIT, client="pk", by="agent", since="handed_over_on")
    better = Q(client_class__in=TO_MEET) | Q(tier__in=TOP)
    return holders(day).filter(better, handed_over_on__isnull=False).exclude(met)


def weddings(day: date) -> QuerySet[KeyDate]:
    kept = KeyDate.objects.filter(kind=KeyDate.Kind.WEDDING)
    return of_holders(kept.exclude(client__card__marital__in=NO_LONGER_MARRIED), day)


def weddings_to_prepare(day: date) -> QuerySet[KeyDate]:
    developed = Q(client__client_class=Client.Class.DEVELOP)
    return weddings(day).filter(Q(client__tier__in=TOP) | developed)


def families_of_the_top(day: date) -> QuerySet[FamilyMember]:
    """Whoever is a client as well has a birthday of their own on the list."""
    return of_holders(FamilyMember.objects.filter(client__tier__in=TOP, person=None), day)


def professions_of_the_top(day: date) -> QuerySet[KeyDate]:
    kept = KeyDate.objects.filter(kind=KeyDate.Kind.CAREER, client__tier__in=TOP)
    return of_holders(kept, day)


def life_events(day: date) -> QuerySet[LifeEvent]:
    return of_holders(LifeEvent.objects.all(), day)


def insured_children(day: date) -> QuerySet[FamilyMember]:
    cover = Policy.objects.in_force(day).filter(
        holder=OuterRef("client"), insured_name=OuterRef("name")
    )
    return FamilyMember.objects.filter(Exists(cover), kin=Kin.CHILD)


def with_a_pension(day: date) -> QuerySet[Client]:
    """Holders of what pays in old age."""
    paying = Policy.objects.in_force(day).filter(
        holder=OuterRef("pk"), product__kind=Product.Kind.ANNUITY
    )
    return Client.objects.filter(Exists(paying))


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


# What a failed debit asks for: money in the account, a new form signed on a visit, or patience.
REMEDY = Case(
    When(failure__in=ACCOUNT_FAULTS, then=Value(ServiceItem.AUTHORISATION.value)),
    default=Value(ServiceItem.RENEWAL_REMINDER.value),
)
HASTE = Case(When(failure=BankRow.Failure.SYSTEM_ERROR, then=Value(4)), default=Value(2))


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
        code="lapsed-30",
        label=_("Lapsed a month ago"),
        among=Policy.objects.recoverable,
        on="lapses_on",
        day=30,
        keep=30,
        series="lapse",
        item=ServiceItem.RENEWAL_REMINDER,
        priority=2,
    ),
    PolicyRule(
        code="lapsed-180",
        label=_("Lapsed half a year ago"),
        among=Policy.objects.recoverable,
        on="lapses_on",
        day=180,
        keep=30,
        series="lapse",
        item=ServiceItem.RENEWAL_REMINDER,
        priority=3,
    ),
    PolicyRule(
        code="lapsed-365",
        label=_("Lapsed a year ago"),
        among=Policy.objects.recoverable,
        on="lapses_on",
        day=365,
        keep=30,
        series="lapse",
        item=ServiceItem.RENEWAL_REMINDER,
        priority=3,
    ),
    PolicyRule(
        code="reinstate-90",
        label=_("Three months left to reinstate"),
        among=Policy.objects.recoverable,
        on="reinstate_by",
        day=-90,
        keep=30,
        series="reinstate",
        item=ServiceItem.RENEWAL_REMINDER,
        priority=2,
    ),
    PolicyRule(
        code="reinstate-30",
        label=_("A month left to reinstate"),
        among=Policy.objects.recoverable,
        on="reinstate_by",
        day=-30,
        keep=30,
        series="reinstate",
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
    CareRule(
        code="wedding-soon",
        label=_("Wedding anniversary in three days"),
        among=weddings_to_prepare,
        on="next_on",
        day=-3,
        keep=2,
        series="wedding",
        priority=4,
        festive=True,
        proactive=True,
    ),
    CareRule(
        code="wedding",
        label=_("Wedding anniversary today"),
        among=weddings,
        on="next_on",
        day=0,
        keep=0,
        series="wedding",
        priority=4,
        festive=True,
    ),
    CareRule(
        code="family-birthday",
        label=_("Birthday in the family today"),
        among=families_of_the_top,
        on="next_on",
        day=0,
        keep=0,
        series="family",
        priority=4,
        festive=True,
    ),
    CareRule(
        code="career-day",
        label=_("Day of their profession"),
        among=professions_of_the_top,
        on="next_on",
        day=0,
        keep=0,
        series="career",
        priority=5,
        festive=True,
        proactive=True,
    ),
    CareRule(
        code="life-event",
        label=_("Something happened in their life"),
        among=life_events,
        on="on",
        day=0,
        keep=7,
        series="life",
        priority=2,
    ),
    ClientRule(
        code="id-expires-60",
        label=_("ID expires in two months"),
        among=holders,
        on="id_valid_to",
        day=-60,
        keep=30,
        series="identity",
        item=ServiceItem.INFO_CHANGE,
        priority=4,
        event=True,
    ),
    ClientRule(
        code="id-expires-7",
        label=_("ID expires in a week"),
        among=holders,
        on="id_valid_to",
        day=-7,
        keep=30,
        series="identity",
        item=ServiceItem.INFO_CHANGE,
        priority=3,
        event=True,
    ),
    CareRule(
        code="age-18",
        label=_("A child comes of age"),
        among=insured_children,
        on="of_age_on",
        day=-60,
        keep=60,
        series="age",
        item=ServiceItem.POLICY_REVIEW,
        priority=4,
        proactive=True,
    ),
    ClientRule(
        code="age-60",
        label=_("Turns sixty"),
        among=with_a_pension,
        on="sixty_on",
        day=-60,
        keep=60,
        series="age",
        item=ServiceItem.POLICY_REVIEW,
        priority=4,
        proactive=True,
    ),
    ClientRule(
        code="contact-stale",
        label=_("Contact data not checked for a year"),
        among=holders,
        on="verified_on",
        day=365,
        keep=60,
        series="contact",
        item=ServiceItem.INFO_CHANGE,
        priority=4,
        event=True,
        proactive=True,
    ),
    ClientRule(
        code="contact-invalid",
        label=_("Contact data found wrong"),
        among=not_looked_up,
        on="contact_invalid_on",
        day=0,
        keep=60,
        series="contact",
        item=ServiceItem.INFO_CHANGE,
        priority=2,
        event=True,
    ),
    ClientRule(
        code="handover-call",
        label=_("First call after a handover"),
        among=new_to_their_agent,
        on="handed_over_on",
        day=1,
        keep=6,
        series="greet",
        item=ServiceItem.INFO_CHANGE,
        priority=1,
        event=True,
    ),
    ClientRule(
        code="handover-visit",
        label=_("First visit after a handover"),
        among=not_met_by_their_agent,
        on="handed_over_on",
        day=7,
        keep=23,
        series="meet",
        item=ServiceItem.INFO_CHANGE,
        priority=2,
        event=True,
        flexible=True,
    ),
    PlannedRule(
        code="planned-service",
        label=_("Planned for this client"),
        among=Planned.objects.services,
        keep=14,
        series="planned",
        item=ServiceItem.TAILORED,
        item_by=F("item"),
        priority=4,
    ),
    PlannedRule(
        code="own-task",
        label=_("Own task"),
        among=Planned.objects.tasks,
        keep=7,
        series="task",
        item=ServiceItem.OWN,
        priority=3,
    ),
]

BY_CODE = {rule.code: rule for rule in RULEBOOK}
PROACTIVE = [rule.code for rule in RULEBOOK if rule.proactive]


def behind(gate: str) -> list[str]:
    """The rules that ask it."""
    return [rule.code for rule in RULEBOOK if gate in dict(rule.gates)]


def may_wait(code: str) -> bool:
    """Whether what the rule asks for may be done on another day than the first."""
    return code in BY_CODE and BY_CODE[code].flexible


AFTER_AN_ENTRY = {
    FollowUp.AGREED: _("Agreed with the client"),
    FollowUp.NUMBER: _("Find the right number"),
    FollowUp.ADDRESS: _("Find the new address"),
    SUBJECT: _("Festival greeting"),
}


def label_of(code: str) -> str | Promise:
    """The name of a rule in words; what follows an entry has no line in the book."""
    if code in AFTER_AN_ENTRY:
        return AFTER_AN_ENTRY[code]
    return BY_CODE[code].label if code in BY_CODE else code
