"""The five indicators of a client, marked with one tap after a visit."""

import uuid

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import SentForm
from accounts.requests import Request
from clients.models import Client
from policies import class_words
from policies.attention import mark
from policies.known import MARKED


class MarkForm(forms.Form):
    """One tap: which indicator, and whether it is on target, off it or unknown."""

    SAYS = {"on": True, "off": False, "unknown": None}

    indicator = forms.ChoiceField(choices=[(code, code) for code in MARKED])
    says = forms.ChoiceField(choices=[(word, word) for word in SAYS])
    key = forms.CharField(required=False, max_length=64)

    @property
    def on_target(self) -> bool | None:
        return self.SAYS[self.cleaned_data["says"]]


@require_http_methods(["GET", "POST"])
def marks(request: Request, pk: int) -> HttpResponse:
    """How the client stands by the five indicators; after a visit three of them are marked."""
    client = get_object_or_404(Client.objects.visible_to(request.user), pk=pk)
    form = MarkForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        _marked(request, client, form)
        if not request.htmx:
            return redirect("client_marks", pk)
    return _answer(request, client, form)


@transaction.atomic
def _marked(request: Request, client: Client, form: MarkForm) -> None:
    if SentForm.first_time(request.user, form.cleaned_data["key"]):
        mark(client, form.cleaned_data["indicator"], form.on_target, by=request.user)


def _answer(request: Request, client: Client, form: MarkForm) -> HttpResponse:
    client.refresh_from_db(fields=["attention"])
    said = _("%(name)s: attention %(letter)s") % {"name": client.name, "letter": client.attention}
    context = {"client": client, "key": uuid.uuid4().hex, "marked": form.is_bound, "said": said}
    context |= class_words.about_client(client)
    template = "followups/marks.html"
    if request.htmx:
        template = "followups/_marked.html" if form.is_bound else "followups/_marks_sheet.html"
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, template, context, status=status)
