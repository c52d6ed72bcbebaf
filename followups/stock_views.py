"""The office's shelf: what is in hand, deliveries and counts, what was given and what it cost."""

import uuid
from datetime import date
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import F, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import AuditEntry, SentForm
from accounts.requests import Request
from followups.office_greeting_forms import ShelfForm, StockItemForm
from followups.refusal import Refused
from followups.stock import StockItem, StockMove
from lib import dates
from policies.import_views import for_administrators

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
SHOWN = 50
Q_GIVEN = Q(moves__kind="given", moves__back=None)


@require_GET
@for_administrators
def stock(request: Request) -> HttpResponse:
    month = _month(request)
    next_month = dates.add_months(month, 1)
    this_month = Q_GIVEN & Q(moves__on__gte=month, moves__on__lt=next_month)
    items = StockItem.objects.annotate(given=-Sum("moves__n", filter=this_month, default=0))
    moves = StockMove.objects.given().filter(on__gte=month, on__lt=next_month)
    context = {
        "items": items.order_by("-active", "kind", "name"),
        "month": month,
        "before": dates.add_months(month, -1),
        "after": next_month if next_month <= dates.today() else None,
        "total": moves.cost(),
        "costs": _costs(moves),
        "worth": StockItem.objects.aggregate(worth=Sum(F("in_hand") * F("unit_cost")))["worth"],
    }
    return render(request, "followups/stock.html", context)


def _month(request: Request) -> date:
    """The month asked for, this one if that makes no sense."""
    try:
        return date.fromisoformat(f"{request.GET.get('month', '')}-01")
    except ValueError:
        return dates.today().replace(day=1)


def _costs(moves: Any) -> list[tuple[str, list[tuple[str, int, Any]], Any]]:
    """What was given away in the month: by team, and in it by whoever gave it."""
    rows = (
        moves.order_by()
        .values_list("by__team__path", "by__team__name", "by__name")
        .annotate(given=-Sum("n"), cost=Sum(-F("n") * F("unit_cost")))
        .order_by("by__team__path", "by__name")
    )
    teams: dict[str, list[tuple[str, int, Any]]] = {}
    for _path, team, agent, n, cost in rows:
        teams.setdefault(team or "–", []).append((agent, n, cost))
    return [(team, agents, sum(cost for *_, cost in agents)) for team, agents in teams.items()]


@get_or_post
@for_administrators
def item_new(request: Request) -> HttpResponse:
    form = StockItemForm(request.POST or None)
    if not (form.is_bound and form.is_valid()):
        status = 422 if form.is_bound else 200
        return render(request, "followups/stock_new.html", {"form": form}, status=status)
    with transaction.atomic():
        if SentForm.first_time(request.user, form.cleaned_data["key"]):
            made = form.save()
            AuditEntry.record(request.user, AuditEntry.Action.CREATE, made)
    messages.success(request, _("%(name)s saved") % {"name": form.cleaned_data["name"]})
    return redirect("stock")


@get_or_post
@for_administrators
@transaction.atomic
def item(request: Request, pk: int) -> HttpResponse:
    """One item: change it, receive a delivery, correct the number, see every movement."""
    found = get_object_or_404(StockItem.objects.select_for_update(), pk=pk)
    form = StockItemForm(request.POST or None, instance=found)
    if not (form.is_bound and form.is_valid()):
        return _item_page(request, pk, form=form, status=422 if form.is_bound else 200)
    if form.is_stale:
        differences = list(form.differences(StockItem.objects.get(pk=pk)))
        form.take_over()
        return _item_page(request, pk, form=form, differences=differences, status=409)
    if SentForm.first_time(request.user, form.cleaned_data["key"]):
        form.instance.version += 1
        form.save()
        AuditEntry.record(
            request.user, AuditEntry.Action.UPDATE, found, fields=sorted(form.changed_data)
        )
    messages.success(request, _("%(name)s saved") % {"name": found})
    return redirect("stock_item", pk)


@require_http_methods(["POST"])
@for_administrators
def shelf(request: Request, pk: int) -> HttpResponse:
    """A delivery came, or somebody counted."""
    found = get_object_or_404(StockItem, pk=pk)
    form = ShelfForm(request.POST)
    if not form.is_valid():
        return _item_page(request, pk, shelf=form, status=422)
    data = form.cleaned_data
    deed = found.receive if data["do"] == "receive" else found.count_as
    try:
        with transaction.atomic():
            if SentForm.first_time(request.user, data["key"]):
                deed(data["n"], by=request.user, on=dates.today(), note=data["note"])
    except Refused as refusal:
        form.add_error("n", str(refusal))
        return _item_page(request, pk, shelf=form, status=422)
    found.refresh_from_db()
    words = _("%(name)s: %(n)s in hand") % {"name": found, "n": found.in_hand}
    messages.success(request, words)
    return redirect("stock_item", pk)


def _item_page(
    request: Request,
    pk: int,
    *,
    form: StockItemForm | None = None,
    shelf: ShelfForm | None = None,
    status: int,
    **more: Any,
) -> HttpResponse:
    item = StockItem.objects.get(pk=pk)
    context = {
        "item": item,
        "form": form or StockItemForm(instance=item),
        "shelf": shelf or ShelfForm.blank(),
        "moves": item.moves.select_related("by", "client", "back")[:SHOWN],
        "key": uuid.uuid4().hex,
    }
    return render(request, "followups/stock_item.html", context | more, status=status)
