"""The office's festivals and its texts: when, for whom, and what is said."""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import AuditEntry, SentForm, User
from accounts.requests import Request
from clients.models import Client
from followups import chips, scripts
from followups.festivals import Festival
from followups.greeting_words import usual
from followups.greetings import greeted
from followups.office_greeting_forms import FestivalForm, TextForm
from followups.placeholders import about_people, among, fill
from followups.script_book import occasion_of
from followups.texts import BIRTHDAY, FESTIVAL, OCCASIONS, Occasion, Text
from lib import dates
from lib.templatetags.ui import day as in_words
from policies.import_views import for_administrators

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
OLDER = 10  # versions shown
SAMPLE = {  # what an example is filled with, by placeholder
    "product": gettext_lazy("Lifelong care"),
    "amount": "¥6,820",
    "who": gettext_lazy("your daughter"),
    "occasion": gettext_lazy("Teachers' Day"),
}
DAYS = ("date", "due", "grace_end", "promised", "reinstate")


@dataclass(frozen=True)
class Row:
    """A festival with the day it next falls on, in both calendars."""

    festival: Festival
    on: date | None
    texts: int

    @property
    def lunar_day(self) -> str:
        return chips.lunar_words(self.on) if self.on else ""

    @property
    def days(self) -> int:
        return (self.on - dates.today()).days if self.on else 0


@require_GET
@for_administrators
def festivals(request: Request) -> HttpResponse:
    today = dates.today()
    texts = Counter(Text.objects.in_force().exclude(words="").values_list("festival_id", flat=True))
    rows = [Row(f, f.next_on(today), texts[f.pk]) for f in Festival.objects.all()]
    rows.sort(key=lambda row: (row.on or date.max, row.festival.pk))
    context = {"rows": rows, "today": today, "occasions": [OCCASIONS[BIRTHDAY]]}
    return render(request, "followups/festivals.html", context)


@get_or_post
@for_administrators
def festival_new(request: Request) -> HttpResponse:
    form = FestivalForm(request.POST or None)
    if not (form.is_bound and form.is_valid()):
        return _festival_page(request, form)
    with transaction.atomic():
        if SentForm.first_time(request.user, form.cleaned_data["key"]):
            made = form.save()
            AuditEntry.record(request.user, AuditEntry.Action.CREATE, made)
    messages.success(request, _("%(name)s saved") % {"name": form.cleaned_data["name"]})
    return redirect("festivals")


@get_or_post
@for_administrators
@transaction.atomic
def festival(request: Request, pk: int) -> HttpResponse:
    found = get_object_or_404(Festival.objects.select_for_update(), pk=pk)
    form = FestivalForm(request.POST or None, instance=found)
    if not (form.is_bound and form.is_valid()):
        return _festival_page(request, form, Festival.objects.get(pk=pk))
    if form.is_stale:
        saved = Festival.objects.get(pk=pk)
        differences = list(form.differences(saved))
        form.take_over()
        return _festival_page(request, form, saved, differences=differences, status=409)
    if SentForm.first_time(request.user, form.cleaned_data["key"]):
        form.instance.version += 1
        form.save()
        AuditEntry.record(
            request.user, AuditEntry.Action.UPDATE, found, fields=sorted(form.changed_data)
        )
    messages.success(request, _("%(name)s saved") % {"name": found})
    return redirect("festivals")


def _festival_page(
    request: Request,
    form: FestivalForm,
    festival: Festival | None = None,
    *,
    status: int = 0,
    **more: Any,
) -> HttpResponse:
    context = {"form": form, "festival": festival, "today": dates.today()} | more
    if festival:
        context |= _when_and_for_whom(festival) | _texts_context(
            request, OCCASIONS[FESTIVAL], festival
        )
    status = status or (422 if form.is_bound else 200)
    return render(request, "followups/festival.html", context, status=status)


def _when_and_for_whom(festival: Festival) -> dict[str, Any]:
    """The next days it falls on, and how many would be greeted on the first of them."""
    today = dates.today()
    days = list(festival.occasions(today, dates.add_years(today, 3)))
    people = greeted(festival, days[0]).count() if days else 0
    return {"days": [(on, chips.lunar_words(on)) for on in days], "people": people}


@get_or_post
@for_administrators
def texts(request: Request, code: str, pk: int | None = None) -> HttpResponse:
    """What is said on an occasion: the texts in force, a new version of one, the older ones."""
    occasion = occasion_of(code)
    if occasion is None or (code == FESTIVAL) != (pk is not None):
        raise Http404
    festival = get_object_or_404(Festival, pk=pk) if pk else None
    form = TextForm(request.POST or None, occasion=occasion, initial=_typed_before(request))
    if not (form.is_bound and form.is_valid()):
        context = _texts_context(request, occasion, festival) | {"form": form}
        status = 422 if form.is_bound else 200
        return render(request, "followups/texts.html", context, status=status)
    with transaction.atomic():
        if SentForm.first_time(request.user, form.cleaned_data["key"]):
            form.text(occasion=code, festival=festival).put_in_force(request.user)
    messages.success(request, _("The text is in force."))
    return redirect(request.path)


def _typed_before(request: Request) -> dict[str, str]:
    """A text that is in force is changed by opening it in the form."""
    pk = request.GET.get("text", "")
    found = Text.objects.in_force().filter(pk=pk).first() if pk.isascii() and pk.isdigit() else None
    if found is None:
        return {}
    return {"words": found.words, "client_class": found.client_class, "channel": found.channel}


def _texts_context(
    request: Request, occasion: Occasion, festival: Festival | None
) -> dict[str, Any]:
    own = Text.objects.about(occasion.code, festival).select_related("by")
    standard = usual(festival, "") if festival else str(scripts.TEXTS[occasion.code])
    in_force = [text for text in own.in_force() if text.words]
    return {
        "occasion": occasion,
        "of_a_service": occasion.code not in OCCASIONS,
        "festival": festival,
        "standard": standard,
        "in_force": [(text, _example(text.words, festival, request.user)) for text in in_force],
        "example": _example(standard, festival, request.user),
        "older": list(own.exclude(replaced_at=None)[:OLDER]),
        "blanks": among(occasion.allowed),
        "key": uuid.uuid4().hex,
    }


def _example(words: str, festival: Festival | None, speaker: User) -> str:
    """As it would read for somebody."""
    somebody = Client(name="陈志远", gender=Client.Gender.MALE)
    today = dates.today()
    on = (festival.next_on(today) if festival else None) or today
    about = {name: str(value) for name, value in SAMPLE.items()}
    about |= {name: in_words(on) for name in DAYS} | {"festival": str(festival or "")}
    return fill(words, about_people(somebody, speaker) | about)
