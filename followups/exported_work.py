"""The lists of the work as files: a day, a campaign, what was handed up, spot checks, handovers."""

from typing import Any

from django.db.models import Count
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.exports import Column, Listing, asked_number
from accounts.models import User
from accounts.scope import agents_seen_by
from clients.exported import of_agent, personal
from clients.models import Handover
from followups import team_views
from followups.forms import DayForm
from followups.greeting_forms import GreetingFilter
from followups.greetings import Greeting
from followups.models import Escalation, FollowUp
from followups.progress_views import rows_for
from followups.spot_checks import SpotCheck
from lib import dates
from lib.masking import without_numbers


def _oversees(user: User) -> bool:
    return user.oversees


def _moment(at: Any) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""


# --- follow-ups

_FOLLOWUP = (
    Column(_("Client"), lambda row: row.client.name),
    personal("client", _("Phone"), "phone", lambda row: row.client.mobile or row.client.phone),
    Column(_("Address"), lambda row: row.client.address),
    Column(_("Service item"), lambda row: row.get_item_display()),
    Column(_("What"), lambda row: str(row.rule_label)),
    Column(_("Policy number"), lambda row: row.policy.policy_no if row.policy else ""),
    *of_agent(lambda row: row.client.agent),
    Column(_("On the list since"), lambda row: row.list_on),
    Column(_("By"), lambda row: row.keep_until),
    Column(_("Status"), lambda row: row.get_status_display()),
    Column(_("Done at"), lambda row: _moment(row.done_at)),
)


def _day(user: User, asked: QueryDict) -> Any:
    """The day and the agent that the address of the page names."""
    form = DayForm(asked)
    agent = form.chosen()["agent"] or user.pk
    rows = FollowUp.objects.visible_to(user).filter(client__agent=agent).on(form.day())
    return rows.for_list().select_related("client__agent", "policy__product", "planned")


DAY = Listing("day", _("List of a day"), "today", _FOLLOWUP, _day)


def _agents_list(user: User, asked: QueryDict) -> Any:
    """One of the three lists that a leader sees of an agent."""
    agent = agents_seen_by(user).filter(pk=asked_number(asked)).first()
    if agent is None:
        return []
    show = team_views.asked_of(team_views.AgentForm(asked)).get("show") or "today"
    rows, line = team_views.LISTS[show]
    day = dates.today()
    return [line(row, day) for row in rows(user, agent, day)]


AGENTS_LIST = Listing(
    "agents-list",
    _("List of an agent"),
    "team_agent",
    (
        Column(_("Client"), lambda line: line.client.name),
        Column(_("What"), lambda line: line.what),
        Column(_("Premium"), lambda line: line.amount),
        Column(_("State"), lambda line: str(line.words)),
        Column(_("Done at"), lambda line: _moment(line.at)),
    ),
    _agents_list,
    allows=_oversees,
    of_one=True,
)

PROGRESS_LIST = Listing(
    "progress-list", _("Matters of the month"), "progress_list", _FOLLOWUP, rows_for
)


# --- greetings


def _greetings(user: User, asked: QueryDict) -> Any:
    form = GreetingFilter(asked, user=user)
    mine = Greeting.objects.visible_to(user).filter(campaign=asked_number(asked))
    found = form.in_state(form.narrow(form.of_whom(mine)))
    return found.select_related("client__agent").order_by("client__pinyin", "pk")


GREETINGS = Listing(
    "greetings",
    _("Greetings"),
    "campaign",
    (
        Column(_("Client"), lambda row: row.client.name),
        personal("client", _("Phone"), "phone", lambda row: row.client.mobile or row.client.phone),
        Column(_("Address"), lambda row: row.client.address),
        Column(_("Postcode"), lambda row: row.client.postcode),
        Column(_("Class"), lambda row: row.client.shown_class.label),
        *of_agent(lambda row: row.client.agent),
        Column(_("State"), lambda row: row.get_state_display()),
        Column(_("Why not"), lambda row: row.get_why_display()),
        Column(_("On"), lambda row: row.done_on),
    ),
    _greetings,
    of_one=True,
)


# --- for who leads


def _matters(user: User, asked: QueryDict) -> Any:
    rows = Escalation.objects.visible_to(user)
    return rows.select_related("client__agent", "contact__by", "closed_by").order_by("-since", "pk")


MATTERS = Listing(
    "matters",
    _("Handed up"),
    "team_matters",
    (
        Column(_("Client"), lambda row: row.client.name),
        Column(_("Kind"), lambda row: row.get_kind_display()),
        *of_agent(lambda row: row.client.agent),
        Column(_("Since"), lambda row: row.since),
        Column(_("Recorded by"), lambda row: row.contact.by.name),
        Column(_("Note"), lambda row: row.contact.note, without_numbers),
        Column(_("Closed on"), lambda row: row.closed_on),
        Column(_("Closed by"), lambda row: row.closed_by.name if row.closed_by else ""),
        Column(_("What was done"), lambda row: row.answer, without_numbers),
    ),
    _matters,
    allows=_oversees,
)


def _checks(user: User, asked: QueryDict) -> Any:
    rows = SpotCheck.objects.visible_to(user).exclude(done_at=None)
    return rows.select_related("contact__client", "contact__by", "leader").order_by("-on", "pk")


SPOT_CHECKS = Listing(
    "spot-checks",
    _("Spot checks"),
    "team_checks",
    (
        Column(_("Day"), lambda row: row.on),
        Column(_("Client"), lambda row: row.contact.client.name),
        *of_agent(lambda row: row.contact.by),
        Column(_("Checked by"), lambda row: row.leader.name),
        Column(_("How"), lambda row: row.get_way_display()),
        Column(_("Found"), lambda row: row.get_finding_display()),
        Column(_("What the client said"), lambda row: row.words, without_numbers),
    ),
    _checks,
    allows=lambda user: user.leads,
)


def _handovers(user: User, asked: QueryDict) -> Any:
    rows = Handover.objects.visible_to(user).select_related("from_agent", "by")
    return rows.annotate(clients=Count("lines"))


HANDOVERS = Listing(
    "handovers",
    _("Handovers"),
    "handovers",
    (
        *of_agent(lambda row: row.from_agent),
        Column(_("Why"), lambda row: row.get_reason_display()),
        Column(_("On"), lambda row: row.on),
        Column(_("Back on"), lambda row: row.back_on),
        Column(_("Clients"), lambda row: row.clients),
        Column(_("By"), lambda row: row.by.name),
    ),
    _handovers,
    allows=_oversees,
)

LISTS = (
    DAY, AGENTS_LIST, PROGRESS_LIST, GREETINGS, MATTERS, SPOT_CHECKS, HANDOVERS,
)  # fmt: skip
