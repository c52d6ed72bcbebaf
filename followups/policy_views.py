"""A policy's own page: its premium on the line, what was collected, and the service around it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import Promise as Text
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.requests import Request
from clients.models import Contact
from followups import money_words
from followups.models import FollowUp
from followups.policy_dates import Coming, dates_of
from lib import dates
from policies.collected import Books, Entry, books_of
from policies.happened import story_of
from policies.models import Instalment, Policy, Promise
from policies.notices import Notice, notices_of
from policies.premium_line import Held, line_of, premiums_of, states_of
from policies.premium_views import deeds_for
from policies.premiums import dues
from policies.rhythm import number_of

SHOWN_ENTRIES, SHOWN_STORY = 12, 8
MOST = 600  # a premium each month for fifty years


@require_GET
def policy_page(request: Request, pk: int) -> HttpResponse:
    policies = Policy.objects.visible_to(request.user).for_list()
    policy = get_object_or_404(policies, pk=pk)
    today = dates.today()
    books = books_of(policy, today)
    words = list(policy.promises.select_related("by", "instalment")[:MOST])
    line = line_of(policy, policy.open_instalment, today, tries=books.tries, words=words)
    followups = list(policy.followups.open().filter(keep_until__gte=today).for_list())
    deeds = deeds_for(request.user, policy)
    notices = notices_of(policy, today)
    context = {
        "policy": policy,
        "held": Held(policy, today),
        "today": today,
        "line": line,
        "number": line and number_of(policy, line.due_on),
        "states": states_of(policy, line, today),
        "premiums": premiums_of(policy, books.instalments),
        "facts": Facts(books),
        "authorised": money_words.authorised(policy, today),
        "promised": policy.promises.tally(today),
        "followups": followups,
        "contacts": contacts_about(policy),
        "coming": sorted(coming_of(policy, words, today), key=lambda coming: coming.on)[:8],
        "deed": deeds[0] if deeds else None,
        "other_deeds": deeds[1:],
        "notices": notices,
    }
    context |= money_words.about_policy(policy, today)
    context |= shortened("entries", collected(books, notices), SHOWN_ENTRIES, request)
    story = story_of(policy, books.events, today, policy.records.all()[:MOST])
    context |= shortened("story", story, SHOWN_STORY, request)
    return render(request, "followups/policy.html", context)


def shortened(name: str, rows: list[Any], shown: int, request: Request) -> dict[str, Any]:
    """The first rows under that name and how many more there are; all of them if they are asked for."""
    kept = rows if name in request.GET.getlist("all") else rows[:shown]
    return {name: kept, f"{name}_more": len(rows) - len(kept)}


def _due_on(instalment: Instalment) -> date:
    return instalment.due_on


@dataclass(frozen=True)
class Facts:
    """Sums over the premiums of a policy, as far as they are known here."""

    books: Books

    @property
    def arrears(self) -> Decimal:
        owed = sorted((one for one in self.books.instalments if one.is_owed), key=_due_on)
        due = dues(self.books.policy, self.books.today - timedelta(days=1), owed)
        return sum((each.amount for each in due), Decimal(0))

    @property
    def loans(self) -> Decimal:
        return self._closed_as(Instalment.Closed.LOAN)

    @property
    def waived(self) -> Decimal:
        return self._closed_as(Instalment.Closed.WAIVED)

    def _closed_as(self, how: str) -> Decimal:
        closed = (one.amount for one in self.books.instalments if one.closed_as == how)
        return sum(closed, Decimal(0))

    @property
    def bank_on(self) -> date | None:
        """The day of the bank's latest word."""
        return max((row.returned_on for row in self.books.tries), default=None)

    @property
    def has_lapsed(self) -> bool:
        policy = self.books.policy
        return policy.status_on(self.books.today) == Policy.Status.LAPSED

    @property
    def can_come_back(self) -> bool:
        by = self.books.policy.reinstate_by
        return self.has_lapsed and by is not None and by >= self.books.today


def collected(books: Books, notices: list[Notice]) -> list[tuple[Entry, str | Text, Notice | None]]:
    """The collection history, each line with what became of its notice, or the one to print."""
    rows = books.policy.followups.filter(rule="success-notice").order_by("pk")
    brought: dict[int | None, str] = dict(rows.values_list("instalment_id", "status"))
    words: dict[str | None, str | Text] = {
        FollowUp.Status.DONE: _("Notice delivered"),
        FollowUp.Status.OPEN: _("Notice to be delivered"),
    }
    printed: dict[date | None, Notice] = {each.premium.due_on: each for each in notices}
    return [
        (entry, words.get(brought.get(entry.instalment, ""), ""), printed.pop(entry.due_on, None))
        for entry in books.entries()
    ]


def coming_of(policy: Policy, words: list[Promise], today: date) -> Iterator[Coming]:
    """The days of this policy that are still ahead."""
    status = policy.status_on(today)
    if status in Policy.COVERED:
        for on, icon, tone, text in dates_of(policy, today):
            yield Coming(on, icon, tone, text)
    elif status == Policy.Status.LAPSED and policy.reinstate_by and policy.reinstate_by >= today:
        yield Coming(policy.reinstate_by, "shield-exclamation", "danger", _("Reinstatement ends"))
    if policy.authorised_until and policy.authorised_until >= today and status in Policy.COVERED:
        yield Coming(policy.authorised_until, "pencil-square", "warn", _("Authorisation ends"))
    for word in words:
        if word.promised_on >= today and not word.replaced_on and word.instalment.is_owed:
            claimed = word.kind == Promise.Kind.CLAIM
            text = _("Return file should confirm") if claimed else _("Payment promised")
            yield Coming(word.promised_on, "chat-dots", "accent", text, beside=word.by.name)


def contacts_about(policy: Policy) -> list[Contact]:
    """The last contacts, each with what it was about in `matters`."""
    contacts = Contact.objects.filter(followups__policy=policy, undone_at=None)
    matters = Prefetch("followups", policy.followups.all(), to_attr="matters")
    return list(
        contacts.select_related("by").distinct().order_by("-at").prefetch_related(matters)[:10]
    )
