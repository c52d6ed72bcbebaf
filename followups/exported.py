"""Every list that can be had as a file, by its code; and those of this app."""

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from accounts.exported import AUDIT
from accounts.exports import Column, Listing
from accounts.models import User
from clients.exported import CLIENTS, DUPLICATES, QUALITY, of_agent, personal
from clients.models import Client
from followups import exported_work, standard_views, wake_up
from followups import team as figures
from followups.class_table import lines_in_order, ordered, with_all_it_says
from followups.class_views import table_of
from followups.day_logs import DayLog
from followups.forms import DayForm
from followups.paper_views import ReportForm
from followups.progress_views import found_for
from followups.team_views import TeamForm, asked_of
from followups.wake_up import WakeUp, WakeUpFilter
from lib import dates
from lib.masking import without_numbers
from policies.class_words import reason_of
from policies.exported import (
    BANK_LINES,
    IMPORTS,
    LEVERS,
    PERSISTENCY,
    POLICIES,
    REFUSED,
    REINSTATEMENTS,
    RENEWALS,
)
from policies.uncollected import UncollectedCase


def _classes(user: User, asked: QueryDict) -> Any:
    return with_all_it_says(ordered(table_of(user, asked).narrowed))


CLASSES = Listing(
    "classes",
    _("Client classification"),
    "classes",
    (
        Column(pgettext_lazy("row", "No."), lambda line: line.number),
        Column(_("Name"), lambda line: line.client.name),
        personal(
            "client", _("Phone"), "phone", lambda line: line.client.mobile or line.client.phone
        ),
        Column(_("Products held"), lambda line: line.products),
        personal("client", _("ID number"), "id_number", lambda line: line.client.id_number),
        Column(_("Source"), lambda line: line.source),
        Column(
            _("Policy number"),
            lambda line: pgettext("list", ", ").join(policy.policy_no for policy in line.held),
        ),
        Column(_("Class"), lambda line: line.row.get_final_class_display()),
        Column(_("Hint"), lambda line: line.row.get_hint_display()),
        Column(_("Attention"), lambda line: line.row.attention),
        Column(_("Change"), lambda line: str(line.change)),
        Column(_("Reason"), lambda line: reason_of(line.row)),
    ),
    _classes,
    lines=lines_in_order,
)


def _uncollected(user: User, asked: QueryDict) -> Any:
    return ReportForm(asked).picked(UncollectedCase.objects.visible_to(user))


UNCOLLECTED = Listing(
    "uncollected",
    _("Uncollected cases"),
    "uncollected",
    (
        Column(_("Client"), lambda case: case.policy.holder.name),
        Column(_("Policy number"), lambda case: case.policy.policy_no),
        Column(_("Product"), lambda case: case.policy.product.name if case.policy.product else ""),
        *of_agent(lambda case: case.policy.holder.agent),
        Column(
            _("Team"),
            lambda case: getattr(getattr(case.policy.holder.agent, "team", None), "name", ""),
        ),
        Column(_("Due on"), lambda case: case.instalment.due_on),
        Column(_("Premium"), lambda case: case.instalment.amount),
        Column(_("Code"), lambda case: case.reason),
        Column(_("Why it was not paid"), lambda case: case.get_reason_display()),
        Column(_("Signed on"), lambda case: case.signed_on),
        Column(_("Note"), lambda case: case.note),
    ),
    _uncollected,
)


def _wake_up(user: User, asked: QueryDict) -> Any:
    today = dates.today()
    form = WakeUpFilter(asked, user=user)
    found = WakeUp(form, today, Client.objects.listed_for(user)).found
    return found.all_of(wake_up.for_list(today).select_related("agent"))


WAKE_UP = Listing(
    "wake-up",
    _("Wake-up list"),
    "wake_up",
    (
        Column(_("Name"), lambda client: client.name),
        personal("client", _("Mobile"), "mobile", lambda client: client.mobile),
        Column(_("Class"), lambda client: client.shown_class.label),
        Column(_("Silent since"), lambda client: client.silent_since),
        Column(_("Premium a year"), lambda client: client.a_year or 0),
        *of_agent(lambda client: client.agent),
    ),
    _wake_up,
)


def _team(user: User, asked: QueryDict) -> Any:
    said = asked_of(TeamForm(asked, user=user))
    board = figures.board(user, dates.today(), said.get("team"))
    board.sort(said.get("sort") or "team")
    return board.agents


PROGRESS = Listing(
    "progress",
    _("Progress"),
    "progress",
    (
        Column(_("Agent"), lambda part: part[0].name),
        Column(_("Team"), lambda part: str(part[0].team or "")),
        Column(_("Service item"), lambda part: part[1].label),
        Column(_("Completion"), lambda part: part[2].percent),
        Column(_("In time"), lambda part: part[2].done),
        Column(_("Late"), lambda part: part[2].late),
        Column(_("Missed"), lambda part: part[2].missed),
        Column(_("Still open"), lambda part: part[2].open),
    ),
    lambda user, asked: found_for(user, asked).parts,
)
TEAM = Listing(
    "team",
    _("Team today"),
    "team",
    (
        *of_agent(lambda own: own.agent),
        Column(_("Team"), lambda own: own.agent.team.name if own.agent.team else ""),
        Column(_("Done today"), lambda own: own.today.done),
        Column(_("On today's list"), lambda own: own.today.total),
        Column(_("Done in the last 10 days, percent"), lambda own: own.percent),
        Column(_("Overdue"), lambda own: own.overdue),
        Column(_("Premiums in grace"), lambda own: own.grace.count),
        Column(_("Grace ¥"), lambda own: own.grace.amount),
        Column(_("Persistency"), lambda own: own.persistency.by_premium),
    ),
    _team,
    allows=lambda user: user.oversees,
)


STANDARD = Listing(
    "standard",
    _("311 of the month"),
    "standard",
    (
        *of_agent(lambda row: row.agent),
        Column(_("Team"), lambda row: row.agent.team.name if row.agent.team else ""),
        Column(_("Visits"), lambda row: row.tally.visits),
        Column(_("Days with three"), lambda row: row.tally.full),
        Column(_("Summaries"), lambda row: row.tally.summaries),
        Column(_("Written up"), lambda row: row.tally.records),
        Column(_("311 met"), lambda row: row.tally.met),
    ),
    lambda user, asked: standard_views.table_of(user, asked, dates.today()).rows,
)


def _day_logs(user: User, asked: QueryDict) -> Any:
    """Of the agent the address names; else one's own, or all that one leads."""
    logs = DayLog.objects.visible_to(user).select_related("agent__team", "reviewed_by")
    agent = DayForm(asked).chosen()["agent"]
    return (logs.filter(agent=agent) if agent else logs).order_by("-on", "agent__staff_no")


DAY_LOGS = Listing(
    "log-book",
    _("Log book"),
    "log_book",
    (
        Column(_("Day"), lambda log: log.on),
        *of_agent(lambda log: log.agent),
        Column(_("Team"), lambda log: log.agent.team.name if log.agent.team else ""),
        Column(_("State"), lambda log: log.get_state_display()),
        Column(_("The summary"), lambda log: log.summary, without_numbers),
        Column(_("Who was most worth it"), lambda log: log.best, without_numbers),
        Column(_("Who may add cover"), lambda log: log.prospects, without_numbers),
        Column(_("What my leader could help with"), lambda log: log.wants, without_numbers),
        Column(_("Note"), lambda log: log.note, without_numbers),
        Column(_("Gone through"), lambda log: log.reviewed_by.name if log.reviewed_by else ""),
    ),
    _day_logs,
)

LISTINGS = {
    listing.code: listing
    for listing in (
        CLIENTS,
        QUALITY,
        POLICIES,
        RENEWALS,
        REINSTATEMENTS,
        PERSISTENCY,
        LEVERS,
        BANK_LINES,
        CLASSES,
        UNCOLLECTED,
        WAKE_UP,
        TEAM,
        STANDARD,
        PROGRESS,
        DAY_LOGS,
        *exported_work.LISTS,
        DUPLICATES,
        IMPORTS,
        REFUSED,
        AUDIT,
    )
}
