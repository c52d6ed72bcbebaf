"""A festival worked off: the clients checked one by one, what is sent recorded, cards and labels printed."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import AuditEntry, SentForm
from accounts.requests import Request
from clients.models import Client, Consent, Contact
from followups import chips, greetings
from followups.festivals import coming
from followups.forms import KeyForm
from followups.greeting_forms import (
    SHOWN,
    WAYS,
    GreetingFilter,
    OwnWordsForm,
    PickForm,
    SkipForm,
)
from followups.greeting_words import words_for
from followups.greetings import Campaign, Greeting, GreetingQuerySet
from followups.placeholders import salutation, title_of
from followups.refusal import Refused
from followups.stock import StockItem
from followups.texts import FESTIVAL, Text
from lib import dates
from lib.paging import Found, page_of

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
ORDER = ("client__pinyin", "pk")
STOCKED = ("item", "page")  # what choosing another item does not keep
PRINTED = 300  # cards or labels at once
LABELS, SMALL_CARDS = "labels", "cards6"


@dataclass(frozen=True)
class Line:
    """One client of the campaign, with what is said to them."""

    greeting: Greeting
    words: str
    refused: tuple[str, ...] = ()  # ways by which the client does not want to hear from us

    @property
    def client(self) -> Client:
        return self.greeting.client

    @property
    def address(self) -> str:
        return salutation(self.client)

    @property
    def addressee(self) -> str:
        """As on an envelope: the full name with Mr or Ms."""
        title = title_of(self.client)
        chinese = (get_language() or "").startswith("zh")
        return f"{self.client.name}{title}" if chinese else f"{title} {self.client.name}".strip()

    @property
    def sender(self) -> str:
        return self.client.agent.name if self.client.agent else ""


@dataclass(frozen=True)
class Counts:
    """How far a campaign is, for whom one asked."""

    total: int = 0
    sent: int = 0
    skipped: int = 0

    @property
    def done(self) -> int:
        return self.sent + self.skipped

    @property
    def left(self) -> int:
        return self.total - self.done


# --- reading


@require_GET
def overview(request: Request) -> HttpResponse:
    """The campaigns that run, those that came and went, and the festivals to come."""
    today = dates.today()
    mine = GreetingFilter(request.GET, user=request.user).of_whom(_visible(request))
    campaigns = Campaign.objects.filter(on__gte=dates.add_months(today, -12)).select_related(
        "festival"
    )
    counted = [
        (campaign, counts) for campaign in campaigns if (counts := _of(mine, campaign)).total
    ]
    context = {
        "running": [row for row in reversed(counted) if row[0].on >= today],
        "past": [row for row in counted if row[0].on < today],
        "coming": coming(today, dates.add_months(today, 3)),
        "today": today,
    }
    return render(request, "followups/greetings.html", context)


@require_GET
def campaign(request: Request, pk: int) -> HttpResponse:
    campaign = _campaign(request, pk)
    return render(request, "followups/campaign.html", _page_context(request, campaign))


@require_POST
@transaction.atomic
def campaign_print(request: Request, pk: int) -> HttpResponse:
    """The ticked, or all that are left, as cards or as address labels; who prints is recorded."""
    campaign = _campaign(request, pk)
    form = GreetingFilter(request.GET, user=request.user)
    among = form.narrow(form.of_whom(_visible(request).filter(campaign=campaign)))
    picked = PickForm(request.POST, among=among)
    rows = picked.cleaned_data["pick"] if picked.is_valid() else form.in_state(among)
    wanted = request.POST.get("as", "")
    chosen = list(rows.for_list()[:PRINTED])
    labels = [row for row in chosen if row.client.address] if wanted == LABELS else chosen
    AuditEntry.record(
        request.user, AuditEntry.Action.EXPORT, campaign, printed=wanted[:10], rows=len(labels)
    )
    context = {
        "campaign": campaign,
        "lines": _lines(request, campaign, labels, Contact.Channel.CARD),
        "small": wanted == SMALL_CARDS,
        "without_address": len(chosen) - len(labels),
        "query": _query(request),
    }
    template = "followups/labels_print.html" if wanted == LABELS else "followups/cards_print.html"
    return render(request, template, context)


# --- acting


@require_POST
def sent(request: Request, pk: int) -> HttpResponse:
    """One tap: it has been sent in the way the page is set to."""
    greeting = _greeting(request, pk)
    form = GreetingFilter(request.GET, user=request.user)
    own = request.POST.get("words", "").strip()
    words = own[:600] or _words(request, greeting, form.way)

    def deed() -> None:
        greetings.send(
            greeting,
            by=request.user,
            on=dates.today(),
            channel=form.way,
            words=words,
            item=form.stock,
        )

    return _act(request, greeting, deed, _("%(name)s · greeted"))


@get_or_post
def skip(request: Request, pk: int) -> HttpResponse:
    greeting = _greeting(request, pk)
    form = SkipForm(request.POST or None)
    if not (form.is_bound and form.is_valid()):
        return _sheet(request, "followups/_greeting_skip.html", greeting, form)
    why = form.cleaned_data["why"]

    def deed() -> None:
        greetings.skip(greeting, by=request.user, on=dates.today(), why=why)

    return _act(request, greeting, deed, _("%(name)s · left out"))


@get_or_post
def own_words(request: Request, pk: int) -> HttpResponse:
    """The text for this one client, in the agent's own words."""
    greeting = _greeting(request, pk)
    way = GreetingFilter(request.GET, user=request.user).way
    usual = {"words": _words(request, greeting, way)}
    form = OwnWordsForm(request.POST or None, initial=usual)
    if not (form.is_bound and form.is_valid()):
        return _sheet(request, "followups/_greeting_words.html", greeting, form)

    def deed() -> None:
        greetings.rewrite(greeting, form.cleaned_data["words"], on=dates.today())

    return _act(request, greeting, deed, _("%(name)s · text kept"), undo=False)


@require_POST
def undo(request: Request, pk: int) -> HttpResponse:
    greeting = _greeting(request, pk)

    def deed() -> None:
        greetings.reopen(greeting, by=request.user)

    return _act(request, greeting, deed, _("%(name)s · taken back"), undo=False)


@require_POST
def picked_sent(request: Request, pk: int) -> HttpResponse:
    """The ticked have been handed over or posted: each leaves its own entry."""
    campaign = _campaign(request, pk)
    form = GreetingFilter(request.GET, user=request.user)
    among = form.of_whom(_visible(request).filter(campaign=campaign).open()).for_list()
    picked = PickForm(request.POST, among=among)
    if not picked.is_valid():
        messages.error(request, _("Tick at least one that is still left."))
        return redirect(_address(request, campaign))
    rows = list(picked.cleaned_data["pick"])
    lines = _lines(request, campaign, rows, form.way)
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, picked.cleaned_data["key"]):
                _send_each(request, lines, form)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect(_address(request, campaign))
    words = ngettext("%(n)s greeting recorded", "%(n)s greetings recorded", len(rows))
    messages.success(request, words % {"n": len(rows)})
    return redirect(_address(request, campaign))


def _send_each(request: Request, lines: Sequence[Line], form: GreetingFilter) -> None:
    for line in lines:
        greetings.send(
            line.greeting,
            by=request.user,
            on=dates.today(),
            channel=form.way,
            words=line.words,
            item=form.stock,
        )


# --- how it is answered


def _act(
    request: Request, greeting: Greeting, deed: Any, words: str, *, undo: bool = True
) -> HttpResponse:
    """Do it once, however often it was sent, and answer with the fresh row and what changed with it."""
    name, status = greeting.client.name, 200
    said, icon = words % {"name": name}, ""
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, _key(request)):
                deed()
    except Refused as refusal:
        said, icon, status, undo = str(refusal), "exclamation-triangle-fill", 409, False
    undo_url = f"{reverse('greeting_undo', args=[greeting.pk])}{_query(request)}" if undo else ""
    if not request.htmx:
        tags = f"undo:{undo_url}" if undo_url else ""
        messages.add_message(
            request, messages.ERROR if status == 409 else messages.SUCCESS, said, extra_tags=tags
        )
        return redirect(_address(request, greeting.campaign))
    context = _row_context(request, _greeting(request, greeting.pk))
    context |= {"said": said, "said_icon": icon, "undo_url": undo_url}
    return render(request, "followups/_greeting_answer.html", context, status=status)


def _row_context(request: Request, greeting: Greeting) -> dict[str, Any]:
    form = GreetingFilter(request.GET, user=request.user)
    (line,) = _lines(request, greeting.campaign, [greeting], form.way)
    mine = form.of_whom(_visible(request))
    target = getattr(request.htmx, "target", None)
    return {
        "line": line,
        "campaign": greeting.campaign,
        "counts": _of(mine, greeting.campaign),
        "form": form,
        "key": uuid.uuid4().hex,
        "query": _query(request),
        "in_place": target == f"greeting-{greeting.pk}",
        "today": dates.today(),
    }


def _sheet(request: Request, fragment: str, greeting: Greeting, form: Any) -> HttpResponse:
    context = {
        "greeting": greeting,
        "client": greeting.client,
        "campaign": greeting.campaign,
        "form": form,
        "fragment": fragment,
        "key": uuid.uuid4().hex,
        "query": _query(request),
    }
    template = fragment if request.htmx else "followups/greeting_sheet.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


def _page_context(request: Request, campaign: Campaign) -> dict[str, Any]:
    form = GreetingFilter(request.GET, user=request.user)
    mine = form.of_whom(_visible(request).filter(campaign=campaign))
    narrowed = form.narrow(mine)
    found = Found([form.in_state(narrowed)], ORDER)
    page = page_of(found, mine.for_list(), form.page_number)
    return {
        "campaign": campaign,
        "form": form,
        "page": page,
        "lines": _lines(request, campaign, page.object_list, form.way),
        "counts": _of(mine, campaign),
        "classes": _by_class(mine, form),
        "shown": _shown(narrowed, form),
        "ways": [(way, icon) for way, icon in WAYS.items()],
        "items": _stock_of(form),
        "tiers": form.fields["tier"].choices[1:],  # type: ignore[attr-defined]
        "key": uuid.uuid4().hex,
        "query": _query(request),
        "lunar_day": chips.lunar_words(campaign.on),
        "kept": [(name, value) for name, value in request.GET.items() if name not in STOCKED],
        "today": dates.today(),
    }


def _of(greetings: GreetingQuerySet, campaign: Campaign) -> Counts:
    state = Greeting.State
    return Counts(
        **greetings.filter(campaign=campaign).aggregate(
            total=Count("pk"),
            sent=Count("pk", filter=Q(state=state.SENT)),
            skipped=Count("pk", filter=Q(state=state.SKIPPED)),
        )
    )


def _by_class(mine: GreetingQuerySet, form: GreetingFilter) -> list[tuple[str, str, int]]:
    counted = dict(
        form.in_state(mine).order_by().values_list("client__client_class").annotate(n=Count("pk"))
    )
    counted[Client.Class.MAINTAIN] = counted.get(Client.Class.MAINTAIN, 0) + counted.pop("", 0)
    return [(code, str(label), counted.get(code, 0)) for code, label in Client.Class.choices]


def _shown(narrowed: GreetingQuerySet, form: GreetingFilter) -> list[tuple[str, Any, int]]:
    counted = dict(narrowed.order_by().values_list("state").annotate(n=Count("pk")))
    return [(code, label, counted.get(code or Greeting.State.OPEN, 0)) for code, label in SHOWN]


def _stock_of(form: GreetingFilter) -> list[StockItem]:
    kind = form.kind_of_stock
    return list(StockItem.objects.filter(active=True, kind=kind)) if kind else []


def _lines(request: Request, campaign: Campaign, rows: Sequence[Greeting], way: str) -> list[Line]:
    texts = list(Text.objects.in_force().about(FESTIVAL, campaign.festival))
    refused: dict[int, list[str]] = defaultdict(list)
    for word in Consent.objects.no().filter(client__in=[row.client_id for row in rows]):
        refused[word.client_id].append(str(word.get_channel_display()))
    return [
        Line(
            row,
            words_for(row, texts, row.client.agent or request.user, way),
            tuple(refused[row.client_id]),
        )
        for row in rows
    ]


def _words(request: Request, greeting: Greeting, way: str) -> str:
    (line,) = _lines(request, greeting.campaign, [greeting], way)
    return line.words


# --- finding


def _visible(request: Request) -> GreetingQuerySet:
    return Greeting.objects.visible_to(request.user)


def _campaign(request: Request, pk: int) -> Campaign:
    """A campaign of which at least one client is theirs to see."""
    campaign = get_object_or_404(Campaign.objects.select_related("festival"), pk=pk)
    if not _visible(request).filter(campaign=campaign).exists():
        raise Http404
    return campaign


def _greeting(request: Request, pk: int) -> Greeting:
    return get_object_or_404(_visible(request).for_list(), pk=pk)


def _query(request: HttpRequest) -> str:
    return f"?{request.GET.urlencode()}" if request.GET else ""


def _address(request: HttpRequest, campaign: Campaign) -> str:
    return f"{reverse('campaign', args=[campaign.pk])}{_query(request)}"


def _key(request: Request) -> str:
    form = KeyForm(request.POST)
    form.is_valid()
    key: str = form.cleaned_data.get("key", "")
    return key
