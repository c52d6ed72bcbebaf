"""Records that may be one person: the pairs, the two side by side, one of them or two again."""

import uuid
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.gates import for_leaders
from accounts.models import SentForm
from accounts.requests import Request
from clients import duplicates
from clients.forms import ClientFilter
from clients.merging import (
    BOTH,
    GONE,
    KEPT,
    Merge,
    NotMerged,
    Side,
    hanging_on,
    merge,
    sides,
    unmerge,
)
from clients.models import Client, Duplicate, Moved
from clients.privacy import hidden_fields
from lib import dates
from lib.templatetags.ui import iso

PER_PAGE = 50
FOUND_BY_HAND = 20
UNTOLD = (Duplicate, Moved)  # what hangs on a client only for the work of this program


@require_GET
@for_leaders
def pairs(request: Request) -> HttpResponse:
    mine = Duplicate.objects.visible_to(request.user).select_related("one__agent", "other__agent")
    different = "different" in request.GET
    shown = mine.exclude(different_at=None) if different else mine.open()
    context = {
        "page": Paginator(shown, PER_PAGE).get_page(request.GET.get("page")),
        "different": different,
        "merges": Merge.objects.visible_to(request.user).select_related("by")[:10],
    }
    return render(request, "clients/duplicates.html", context)


@require_POST
@for_leaders
def look(request: Request) -> HttpResponse:
    """Look for duplicates now; every evening it is done anyway."""
    if not request.user.administers:
        raise PermissionDenied
    duplicates.find()
    return redirect("clients:duplicates")


@require_http_methods(["GET", "HEAD", "POST"])
@for_leaders
def pair_by_hand(request: Request, pk: int) -> HttpResponse:
    """Somebody knows which other record is the same person: look for it, and see the two."""
    others = Client.objects.listed_for(request.user).exclude(pk=pk)
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=pk)
    if request.method == "POST":
        other = others.filter(pk=_number(request.POST.get("other", ""))).first()
        if other:
            return redirect("clients:pair", Duplicate.by_hand(client, other).pk)
        messages.error(request, _("One of the two is not there any more."))
        return redirect("clients:pair_by_hand", pk)
    form = ClientFilter({"q": request.GET.get("q", "")}, user=request.user)
    text = form.asked("q") or ""
    found = form.find(others, dates.today()).all_of(others.select_related("agent"))
    context = {"client": client, "q": text, "found": found[:FOUND_BY_HAND] if text else []}
    return render(request, "clients/pair_by_hand.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


class Row(NamedTuple):
    """A field of the two, as it is shown."""

    name: str
    label: str | Promise
    kept: str
    gone: str
    side: Side

    @property
    def may_be_both(self) -> bool:
        return self.side.proposed == BOTH


@require_http_methods(["GET", "POST"])
@for_leaders
def pair(request: Request, pk: int) -> HttpResponse:
    """The two side by side; and, once somebody has chosen, one of them."""
    found = get_object_or_404(
        Duplicate.objects.visible_to(request.user).select_related("one__agent", "other__agent"),
        pk=pk,
    )
    kept, gone = _ordered(found)
    if request.method == "POST":
        return _merged(request, kept, gone)
    rows = [_row(side) for side in sides(kept, gone)]
    context = {
        "pair": found,
        "both": [_Shown(kept), _Shown(gone)],
        "rows": [row for row in rows if row.side.differs and row.kept and row.gone],
        "sole": [row for row in rows if row.side.differs and not (row.kept and row.gone)],
        "same": [row for row in rows if not row.side.differs and row.kept],
        "key": uuid.uuid4().hex,
    }
    return render(request, "clients/pair.html", context)


def _ordered(found: Duplicate) -> tuple[Client, Client]:
    """Whoever has the ID number, more policies, or came first, takes the other in."""
    one, other = (
        (client.id_index is None, -client.policies.count(), client.pk, client)
        for client in (found.one, found.other)
    )
    first, second = sorted((one, other), key=lambda each: each[:3])
    return first[3], second[3]


class _Shown:
    """One of the two with how much hangs on it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.hanging = [
            (model._meta.verbose_name_plural, n)
            for model, n in hanging_on(client).items()
            if model not in UNTOLD
        ]


def _row(side: Side) -> Row:
    label = Client._meta.get_field(side.name).verbose_name  # type: ignore[union-attr]
    return Row(side.name, label, _said(side.name, side.kept), _said(side.name, side.gone), side)


def _said(name: str, value: Any) -> str:
    if value in (None, "", False):
        return ""
    if mask := hidden_fields("client").get(name):
        return mask(str(value))
    if value is True:
        return _("Yes")
    field = Client._meta.get_field(name)
    if choices := getattr(field, "choices", None):
        return str(dict(choices).get(value, value))
    return iso(value) if hasattr(value, "isoformat") else str(value)


@transaction.atomic
def _merged(request: Request, kept: Client, gone: Client) -> HttpResponse:
    if not SentForm.first_time(request.user, request.POST.get("key", "")):
        return redirect("client", kept.pk)
    proposed = {side.name: side for side in sides(kept, gone)}
    allowed = {KEPT, GONE, BOTH}
    chosen = {
        name: said
        for name, side in proposed.items()
        if (said := request.POST.get(name, side.proposed)) in allowed
        and (said != BOTH or name == "note")
    }
    try:
        done = merge(kept.pk, gone.pk, chosen, request.user)
    except NotMerged as why:
        messages.error(request, str(why))
        return redirect("clients:duplicates")
    undo = reverse("clients:unmerge", args=[done.pk])
    words = _("%(gone)s went into %(kept)s") % {"gone": done.gone_name, "kept": done.kept_name}
    messages.success(request, words, extra_tags=f"undo:{undo}")
    return redirect("client", kept.pk)


@require_POST
@for_leaders
def say_different(request: Request, pk: int) -> HttpResponse:
    """They are two people; said again, it is asked again."""
    found = get_object_or_404(Duplicate.objects.visible_to(request.user), pk=pk)
    if found.different_at:
        found.ask_again(request.user)
        messages.success(request, _("It is asked again."))
    else:
        found.say_different(request.user)
        messages.success(request, _("Remembered: two people."))
    return redirect("clients:duplicates")


@require_POST
@for_leaders
def take_apart(request: Request, pk: int) -> HttpResponse:
    """Two again."""
    found = get_object_or_404(Merge.objects.visible_to(request.user), pk=pk)
    try:
        unmerge(found.pk, request.user)
    except NotMerged as why:
        messages.error(request, str(why))
    else:
        messages.success(
            request, _("%(name)s is a record of its own again") % {"name": found.gone_name}
        )
    if request.htmx:  # the toast's button: there is nothing on this page to put right
        return HttpResponse(headers={"HX-Redirect": reverse("clients:duplicates")})
    return redirect("clients:duplicates")
