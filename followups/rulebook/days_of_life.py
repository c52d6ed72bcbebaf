"""Days in the lives of clients and their families: weddings, professions, papers that expire, ages."""

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from clients.kinship import Kin
from clients.models import Client, FamilyMember, InfoCard, KeyDate, LifeEvent
from followups.models import ServiceItem
from followups.rulebook.whom import TOP, holders, of_holders
from followups.rules import CareRule, ClientRule, Rule
from policies.models import Policy, Product

NO_LONGER_MARRIED = (InfoCard.Marital.DIVORCED, InfoCard.Marital.WIDOWED)


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


RULES: list[Rule] = [
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
]
