"""The monthly classification on a page, on paper, as a file; a class set by hand; the 80/20 curve."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.gates import for_leaders
from accounts.models import AuditEntry, SentForm, User
from accounts.requests import Request
from clients.models import Client
from followups.class_forms import ClassFilter, KnownForm, OverrideForm
from followups.class_table import (
    BY_CLASS,
    ORDER,
    Line,
    lines_of,
    ordered,
    with_all_it_says,
)
from followups.year import year_strip
from lib import dates
from lib.paging import Found, page_of
from lib.templatetags.ui import year_month
from policies.class_words import about_client, reasons_of, scores_of
from policies.classification import LETTERS, ClientClassQuerySet
from policies.curve import curve_of
from policies.models import ClassificationRun, ClassOverride, ClientClass, Known

PRINTED = 1000  # lines on paper; more is a file
TONES = {"develop": "accent", "nurture": "teal", "maintain": "slate"}


@dataclass(frozen=True)
class Share:
    """One class of the month, and how it grew or shrank since the month before."""

    code: str
    label: str | Promise
    n: int
    grown: int

    @property
    def tone(self) -> str:
        return TONES[self.code]


@dataclass(frozen=True)
class Summary:
    shares: list[Share]
    moved: int
    by_hand: int
    compared: bool  # there was a month before

    @property
    def n(self) -> int:
        return sum(share.n for share in self.shares)


def summary_of(rows: ClientClassQuerySet) -> Summary:
    """Counted in one query: each class by the class of the month before."""
    pairs = list(
        rows.order_by()
        .values_list("final_class", "last_class")
        .annotate(n=Count("pk"), by_hand=Count("override"))
    )
    shares = []
    for code, label in Client.Class.choices:
        now = sum(n for final, _last, n, _hand in pairs if final == code)
        before = sum(n for _final, last, n, _hand in pairs if last == code)
        shares.append(Share(code, label, now, now - before))
    moved = sum(n for final, last, n, _hand in pairs if last not in {"", final})
    compared = any(last for _final, last, _n, _hand in pairs)
    return Summary(shares, moved, sum(row[-1] for row in pairs), compared)


@dataclass(frozen=True)
class Table:
    """What was asked for: whose clients, of which month, narrowed to what."""

    form: ClassFilter
    run: ClassificationRun | None
    before: date | None
    after: date | None
    rows: ClientClassQuerySet

    @property
    def narrowed(self) -> ClientClassQuerySet:
        return self.form.narrow(self.rows)

    def not_there(self, today: date) -> str:
        """In words that the month asked for cannot be shown, and which one is."""
        asked = self.form.month_asked
        if asked is None or self.run is None or asked == self.run.month:
            return ""
        words = {"month": year_month(asked), "shown": year_month(self.run.month)}
        if asked > today:
            return _("%(month)s has not begun: nothing is counted yet. This is %(shown)s.") % words
        return _("%(month)s was not classified. This is %(shown)s.") % words


def _table(request: Request) -> Table:
    return table_of(_who_serves(request), request.GET)


def table_of(user: User, query: QueryDict) -> Table:
    form = ClassFilter(query, user=user)
    runs = list(ClassificationRun.objects.order_by("month"))
    asked = form.month_asked
    place = next((n for n, run in enumerate(runs) if run.month == asked), len(runs) - 1)
    run = runs[place] if runs else None
    mine = ClientClass.objects.listed_for(user)
    rows = mine.filter(month=run.month) if run else mine.none()
    return Table(
        form,
        run,
        runs[place - 1].month if place > 0 else None,
        runs[place + 1].month if place + 1 < len(runs) else None,
        form.of_whom(rows),
    )


def _who_serves(request: Request) -> User:
    if request.user.audits:
        raise PermissionDenied
    return request.user


@require_GET
def classes(request: Request) -> HttpResponse:
    table = _table(request)
    found = Found([table.narrowed.annotate(by_class=BY_CLASS)], ORDER)
    page = page_of(found, with_all_it_says(ClientClass.objects.all()), table.form.page_number)
    lines = lines_of(page.object_list, page.start_index)
    opened = table.form.asked("open")
    today = dates.today()
    context = {
        "table": table,
        "not_there": table.not_there(today),
        "form": table.form,
        "run": table.run,
        "summary": summary_of(table.rows),
        "letters": LETTERS,
        "page": page,
        "lines": lines,
        "opened": opened,
        "today": today,
        "year": next((_year_of(line) for line in lines if line.client.pk == opened), None),
    }
    future = table.form.month_asked and table.form.month_asked > today
    return render(request, "followups/classes.html", context, status=422 if future else 200)


def _year_of(line: Line) -> Any:
    return year_strip(line.client, dates.today())


@require_GET
def print_classes(request: Request) -> HttpResponse:
    table = _table(request)
    rows = list(with_all_it_says(ordered(table.narrowed))[: PRINTED + 1])
    agent = request.user if request.user.serves else table.form.asked("agent")
    context = {
        "table": table,
        "run": table.run,
        "summary": summary_of(table.rows),
        "lines": lines_of(rows[:PRINTED]),
        "cut": len(rows) > PRINTED,
        "most": PRINTED,
        "agent": agent,
        "printed_at": timezone.now(),
    }
    return render(request, "followups/classes_print.html", context)


# --- a class set by hand


@require_http_methods(["GET", "POST"])
def set_class(request: Request, pk: int) -> HttpResponse:
    """Why this client is of this class; to set it by hand, or to say what was found out."""
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=pk)
    what = request.POST.get("do", "") if request.method == "POST" else ""
    known = Known.objects.filter(pk=pk).first() or Known(client=client)
    override = OverrideForm(request.POST if what == "set" else None, today=dates.today())
    facts = KnownForm(request.POST if what == "know" else None, instance=known)
    said = _done(request, client, what, override, facts)
    if said:
        messages.success(request, said)
        return redirect("classes")
    context = about_client(client)
    row = context["standing"]
    context |= {
        "client": client,
        "row": row,
        "override": override,
        "facts": facts,
        "key": uuid.uuid4().hex,
        "scores": scores_of(row) if row else [],
        "reasons": reasons_of(row) if row else [],
        "what": what,
    }
    template = "followups/_class_set.html" if request.htmx else "followups/class_set.html"
    return render(request, template, context, status=422 if what in {"set", "know"} else 200)


@transaction.atomic
def _done(
    request: Request, client: Client, what: str, override: OverrideForm, facts: KnownForm
) -> str:
    """Do what was asked for, once; return what to say, or nothing where the form is not right."""
    fresh = request.POST.get("key", "")
    if what == "lift":
        if SentForm.first_time(request.user, fresh):
            ClassOverride.lift(client, by=request.user)
        return _("%(name)s: the figures decide again") % {"name": client.name}
    if what == "set" and override.is_valid():
        asked = override.cleaned_data
        if SentForm.first_time(request.user, fresh):
            ClassOverride.put(
                client,
                asked["client_class"],
                by=request.user,
                reason=asked["reason"],
                until=asked["until"],
            )
        return _("%(name)s: class set by hand") % {"name": client.name}
    if what == "know" and facts.is_valid():
        if SentForm.first_time(request.user, fresh):
            facts.save()
            fields = sorted(facts.changed_data)
            AuditEntry.record(request.user, AuditEntry.Action.UPDATE, client, fields=fields)
        return _("%(name)s saved: it counts from the next month on") % {"name": client.name}
    return ""


# --- who brings the premium


@require_GET
@for_leaders
def curve(request: Request) -> HttpResponse:
    table = _table(request)
    found = curve_of(table.rows)
    context = {"table": table, "run": table.run, "form": table.form, "curve": found}
    return render(request, "followups/class_curve.html", context)
