"""Clients: the list, a new one, editing, showing a number, writing down a contact."""

from datetime import date
from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import SentForm
from accounts.requests import Request
from clients import privacy
from clients.forms import ClientFilter, ClientForm, NoteForm
from clients.models import Client
from lib import dates
from lib.paging import page_of


@require_GET
def client_list(request: Request) -> HttpResponse:
    clients = Client.objects.listed_for(request.user)
    form = ClientFilter(request.GET, user=request.user)
    page = page_of(form.find(clients, dates.today()), clients.for_list(), form.page_number)
    rows = [row_of(client, dates.today()) for client in page.object_list]
    template = "clients/_list.html" if request.htmx else "clients/list.html"
    return render(request, template, {"page": page, "rows": rows, "form": form})


class Row(NamedTuple):
    client: Client
    policies: int
    on: date | None
    words: str
    tone: str


def row_of(client: Client, today: date) -> Row:
    """The client with what comes next: a premium that is owed, a birthday."""
    policies = [policy for policy in client.policies.all() if policy.status == "in_force"]
    comings = [
        (policy.next_due_on, _("Premium due"), "warn" if policy.next_due_on < today else "")
        for policy in policies
        if policy.next_due_on and not (policy.lapses_on and policy.lapses_on <= today)
    ]
    if client.next_birthday_on:
        comings.append((client.next_birthday_on, _("Birthday"), "plum"))
    on, words, tone = min(comings, default=(None, "", ""))
    return Row(client, len(client.policies.all()), on, words, tone)


@require_http_methods(["GET", "POST"])
@transaction.atomic
def new(request: Request) -> HttpResponse:
    if request.user.audits:
        raise PermissionDenied
    form = ClientForm(request.POST or None, user=request.user)
    if not (form.is_bound and form.is_valid()):
        return _form_page(request, form, None)
    if not SentForm.first_time(request.user, form.cleaned_data["key"]):
        return redirect("clients:list")
    return redirect("client", form.record().pk)


@require_http_methods(["GET", "POST"])
@transaction.atomic
def edit(request: Request, pk: int) -> HttpResponse:
    clients = Client.objects.visible_to(request.user).select_for_update(of=("self",))
    client = get_object_or_404(clients, pk=pk)
    form = ClientForm(request.POST or None, instance=client, user=request.user)
    if not (form.is_bound and form.is_valid()):
        return _form_page(request, form, client)
    if form.is_stale:
        return _conflict(request, form, Client.objects.get(pk=pk))
    form.record()
    messages.success(request, _("%(name)s saved") % {"name": client.name})
    return redirect("client", pk)


def _form_page(request: Request, form: ClientForm, client: Client | None) -> HttpResponse:
    status = 422 if form.is_bound else 200
    if request.htmx and client is None:
        return render(request, "clients/_new.html", {"form": form}, status=status)
    name = Client.objects.get(pk=client.pk).name if client else ""
    context = {"form": form, "client": client, "name": name}
    return render(request, "clients/form.html", context, status=status)


def _conflict(request: Request, form: ClientForm, saved: Client) -> HttpResponse:
    differences = list(form.differences(saved))
    form.take_over()
    context = {"form": form, "client": saved, "name": saved.name, "differences": differences}
    return render(request, "clients/form.html", context, status=409)


@require_http_methods(["GET", "POST"])
def reveal(request: Request, pk: int) -> HttpResponse:
    """Show a hidden number for a minute; asked for with GET, show it masked again."""
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=pk)
    url, back = reverse("clients:reveal", args=[pk]), reverse("client", args=[pk])
    return answer_reveal(request, client, url, back)


def answer_reveal(request: Request, obj: Model, url: str, back: str) -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET
    field = asked.get("field", "")
    if field not in privacy.hidden_fields(str(obj._meta.model_name)):
        raise Http404
    context = {"url": url, "back": back, "field": field, "masked": privacy.masked(obj, field)}
    if request.method == "POST":
        context["revealed"] = privacy.reveal(request.user, obj, field, asked.get("reason", ""))
    template = "clients/_personal.html" if request.htmx else "clients/revealed.html"
    return render(request, template, context)


@require_POST
@transaction.atomic
def note(request: Request, pk: int) -> HttpResponse:
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return render(request, "clients/note.html", {"form": form, "client": client}, status=422)
    if SentForm.first_time(request.user, form.cleaned_data["key"]):
        form.record(client, by=request.user, on=dates.today())
        messages.success(request, _("%(name)s · contact written down") % {"name": client.name})
    return redirect(reverse("client", args=[pk]) + "#timeline")
