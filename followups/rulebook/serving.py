"""Whom one serves: how they are reached, who is new to their agent, and what was put down for them."""

from datetime import date

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from clients.handover import TALK, TO_MEET, VISIT, spoken
from clients.models import Client
from followups.models import FollowUp, ServiceItem
from followups.planned import Planned
from followups.rulebook.whom import TOP, holders
from followups.rules import ClientRule, PlannedRule, Rule


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


RULES: list[Rule] = [
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
