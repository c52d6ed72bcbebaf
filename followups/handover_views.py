"""Handing clients over: choose, look at the split, confirm; then how far it is, and the way back."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import AuditEntry, SentForm, User
from clients.handover import Overtaken, hand_over
from clients.models import Client, HandedOver, Handover
from followups.handing_over import Plan
from followups.handover_forms import HandoverForm, WhoseForm
from followups.handover_progress import Progress, progress_of
from followups.requests import Request, fresh_key
from lib import dates

PER_PAGE = 20


def _leader(request: Request) -> User:
    if not request.user.oversees:
        raise PermissionDenied
    return request.user


@require_GET
def handovers(request: Request) -> HttpResponse:
    user = _leader(request)
    mine = Handover.objects.visible_to(user).select_related("from_agent", "by")
    page = Paginator(mine, PER_PAGE).get_page(request.GET.get("page"))
    found = progress_of(page.object_list)
    context = {
        "page": page,
        "rows": [(one, sum(found.get(one.pk, {}).values(), Progress())) for one in page],
        "pool": Client.objects.visible_to(user).filter(agent=None).count(),
    }
    return render(request, "followups/handovers.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def handover_new(request: Request) -> HttpResponse:
    """Everything is chosen in the address; what is posted confirms the split that was shown."""
    whose = WhoseForm(request.GET or None, user=_leader(request))
    if not whose.is_valid():
        return render(request, "followups/handover_new.html", {"whose": whose})
    begun = "reason" in request.GET
    form = HandoverForm(request.GET if begun else None, whose=whose)
    plan = form.plan() if form.is_valid() else None
    status = 200
    if request.method == "POST" and plan:
        made = _confirmed(request, form, plan)
        if made:
            messages.success(request, _("%(n)s clients handed over") % {"n": plan.clients})
            return redirect("handover", made.pk)
        status = 409
    context = {
        "whose": whose,
        "form": form,
        "plan": plan,
        "stale": status == 409,
        "marked": set(request.GET.getlist("to")),
        "key": fresh_key(),
    } | (_looked_into(request, plan, form.moves) if plan else {})
    return render(request, "followups/handover_new.html", context, status=status)


def _looked_into(request: Request, plan: Plan, moves: dict[int, int]) -> dict[str, Any]:
    """The homes of one receiver, a page of them or those of a name, each to be moved to another."""
    looked = plan.of(request.GET.get("look", ""))
    if looked is None:
        return {}
    homes, name = looked.homes, request.GET.get("name", "").strip()[:40]
    if name:
        named = Client.objects.filter(pk__in=looked.clients, name__contains=name)
        found = set(named.values_list("pk", flat=True))
        homes = [home for home in homes if found.intersection(home.clients)]
    page = Paginator(homes, PER_PAGE).get_page(request.GET.get("page"))
    pks = [pk for home in page for pk in home.clients]
    names = dict(Client.objects.filter(pk__in=pks).values_list("pk", "name"))
    rows = [(home, [names[pk] for pk in home.clients if pk in names]) for home in page]
    kept = [
        (field, value)
        for field, values in request.GET.lists()
        for value in values
        if field not in {"look", "page", "name", "move"}
    ]
    kept += [("move", f"{home}-{to}") for home, to in moves.items()]
    return {"looked": looked, "homes": rows, "page": page, "name": name, "kept": kept}


def _confirmed(request: Request, form: HandoverForm, plan: Plan) -> Handover | None:
    """Done as it was shown, once; None where somebody has moved clients in between."""
    if request.POST.get("mark") != plan.mark or not plan.clients:
        return None
    data = form.cleaned_data
    try:
        with transaction.atomic():
            if not SentForm.first_time(request.user, request.POST.get("key", "")):
                return None
            return hand_over(
                plan.shares,
                from_agent=form.whose.from_agent,
                by=request.user,
                reason=data["reason"],
                on=dates.today(),
                back_on=data["back_on"],
            )
    except Overtaken:
        return None


def _handover(request: Request, pk: int) -> Handover:
    rows = Handover.objects.visible_to(_leader(request)).select_related("from_agent", "by")
    return get_object_or_404(rows, pk=pk)


@require_GET
def handover(request: Request, pk: int) -> HttpResponse:
    one = _handover(request, pk)
    found = progress_of([one]).get(one.pk, {})
    agents = User.objects.filter(pk__in=found).select_related("team")
    context: dict[str, Any] = {
        "handover": one,
        "rows": [(agent, found[agent.pk]) for agent in _in_order(agents)],
        "total": sum(found.values(), Progress()),
        "untouched": one.untouched().count() if one.may_be_undone else 0,
        "key": fresh_key(),
    }
    return render(request, "followups/handover.html", context)


def _in_order(agents: QuerySet[User]) -> QuerySet[User]:
    return agents.order_by("team__path", "staff_no")


@require_POST
@transaction.atomic
def handover_letters(request: Request, pk: int) -> HttpResponse:
    """To each client of one receiver, or of all: who serves them now. Who prints is recorded."""
    one = _handover(request, pk)
    lines = HandedOver.objects.visible_to(request.user).standing().filter(handover=one)
    if to := request.POST.get("to", ""):
        lines = lines.filter(to=int(to) if to.isdecimal() else None)
    lines = lines.filter(client__deceased=False, client__do_not_contact=False)
    letters = lines.select_related("client", "to__team").order_by("to", "client__pinyin", "pk")
    AuditEntry.record(
        request.user, AuditEntry.Action.EXPORT, one, printed="letters", rows=letters.count()
    )
    return render(request, "followups/handover_letters.html", {"handover": one, "lines": letters})


@require_POST
@transaction.atomic
def handover_undo(request: Request, pk: int) -> HttpResponse:
    one = _handover(request, pk)
    if not one.may_be_undone:
        messages.info(request, _("24 hours have passed, or it has ended: hand over anew instead."))
        return redirect("handover", pk)
    n = one.undo(by=request.user)
    words = ngettext("%(n)s client returned", "%(n)s clients returned", n) % {"n": n}
    messages.success(request, words)
    return redirect("handover", pk)


@require_POST
@transaction.atomic
def handover_end(request: Request, pk: int) -> HttpResponse:
    """Back earlier than thought."""
    one = _handover(request, pk)
    n = one.end(by=request.user) if one.is_absence else 0
    words = ngettext("%(n)s client returned", "%(n)s clients returned", n) % {"n": n}
    messages.success(request, words)
    return redirect("handover", pk)
