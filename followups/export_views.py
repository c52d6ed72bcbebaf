"""A list as a file: what it will hold, the second person where one is needed, and the file itself."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.exports import (
    ALONE,
    FETCH_DAYS,
    GROWTH,
    ExportRequest,
    Listing,
    ask,
    count,
    may_have_whole_numbers,
    take,
)
from accounts.models import SentForm
from accounts.requests import Request
from followups.exported import LISTINGS

PER_PAGE = 20
TYPED = {"q"}  # may be a client's name: never in the audit


class WishForm(forms.Form):
    form = forms.ChoiceField(choices=ExportRequest.FORMS)
    whole = forms.BooleanField(label=gettext_lazy("With whole numbers"), required=False)
    reason = forms.CharField(label=gettext_lazy("What it is for"), required=False, max_length=200)
    key = forms.CharField(required=False, max_length=64)

    def __init__(self, *args: Any, rows: int, may_be_whole: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = rows
        if not may_be_whole:
            del self.fields["whole"]
        self.fields["reason"].widget.attrs["class"] = "form-control"
        for name in self.fields:
            if self.is_bound and self.errors.get(name):
                self.fields[name].widget.attrs["aria-invalid"] = "true"

    @property
    def needs_second(self) -> bool:
        return self.rows > ALONE or bool(self.cleaned_data.get("whole"))

    def clean(self) -> dict[str, Any]:
        if self.needs_second and not self.cleaned_data.get("reason"):
            self.add_error("reason", _("Say what it is for: a second person reads it."))
        return self.cleaned_data


def _listing(request: Request, code: str) -> Listing:
    listing = LISTINGS.get(code)
    if listing is None:
        raise Http404
    if not listing.allows(request.user):
        raise PermissionDenied
    return listing


@require_http_methods(["GET", "POST"])
def export(request: Request, code: str) -> HttpResponseBase:
    """The list that its address describes; at once, or when a second person has agreed."""
    listing = _listing(request, code)
    listing = listing.asked(request.GET)
    rows = listing.rows(request.user, request.GET)
    n = count(rows)
    may = listing.has_numbers and may_have_whole_numbers(request.user)
    form = WishForm(request.POST or None, rows=n, may_be_whole=may)
    if form.is_bound and form.is_valid():
        if form.needs_second:
            return _asked(request, listing, form)
        narrowed = _told_of(request)
        return take(request.user, listing, rows, form.cleaned_data["form"], narrowed=narrowed)
    context = {
        "form": form,
        "listing": listing,
        "rows": n,
        "alone": ALONE,
        "forms": ExportRequest.FORMS,
        "key": uuid.uuid4().hex,
    }
    template = "followups/_export.html" if request.htmx else "followups/export.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


def _told_of(request: Request) -> dict[str, object]:
    """By what the list was narrowed, without what somebody typed."""
    return {name: "…" if name in TYPED else value for name, value in request.GET.items() if value}


@transaction.atomic
def _asked(request: Request, listing: Listing, form: WishForm) -> HttpResponse:
    if SentForm.first_time(request.user, form.cleaned_data["key"]):
        wish = {"form": form.cleaned_data["form"], "whole": bool(form.cleaned_data.get("whole"))}
        reason = form.cleaned_data["reason"]
        ask(request.user, listing, request.GET.urlencode(), form.rows, reason=reason, **wish)
        messages.success(request, _("Asked. You can fetch the file when somebody has agreed."))
    return redirect("exports")


@require_GET
def exports(request: Request) -> HttpResponse:
    """What I have asked for, and what others ask of me."""
    seen = ExportRequest.objects.select_related("asker__team", "decider")
    mine = Paginator(seen.of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "waiting": [_Shown(each) for each in seen.to_decide(request.user).order_by("asked_at")],
        "page": mine,
        "mine": [_Shown(each) for each in mine],
        "days": FETCH_DAYS,
    }
    return render(request, "followups/exports.html", context)


class _Shown:
    """A request with the list it is about."""

    def __init__(self, request: ExportRequest) -> None:
        self.request = request
        self.listing = LISTINGS.get(request.listing)

    @property
    def label(self) -> str:
        return str(self.listing.label if self.listing else self.request.listing)

    @property
    def url(self) -> str:
        """The page of the list, narrowed as it was asked."""
        return self.listing.url(self.request.filters) if self.listing else ""


@require_POST
def decide(request: Request, pk: int) -> HttpResponse:
    """Yes or no, by a second person who leads or administers the asker."""
    asked = get_object_or_404(ExportRequest.objects.below(request.user), pk=pk)
    if asked.decide(request.user, approved=request.POST.get("do") == "approve"):
        messages.success(request, _("Decided; %(name)s sees it.") % {"name": asked.asker})
    else:
        messages.info(request, _("Somebody had decided already."))
    return redirect("exports")


@require_POST
@transaction.atomic
def fetch(request: Request, pk: int) -> HttpResponseBase:
    """The file, once, for whoever asked."""
    mine = ExportRequest.objects.of(request.user).select_for_update()
    asked = get_object_or_404(mine, pk=pk)
    listing = _listing(request, asked.listing)
    if not asked.is_ready:
        messages.error(request, _("This file cannot be fetched any more. Ask for it again."))
        return redirect("exports")
    listing = listing.asked(asked.filters)
    rows = listing.rows(request.user, asked.filters)
    if count(rows) > asked.rows * GROWTH:
        messages.error(request, _("The list is longer than what was agreed to. Ask for it again."))
        return redirect("exports")
    asked.mark_fetched()
    approved = asked.decider.pk if asked.decider else None
    return take(
        request.user, listing, rows, asked.form, whole=asked.whole, request=pk, approved_by=approved
    )
