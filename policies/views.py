"""Policies: the list, a new one, editing, showing a number."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import SentForm, User
from accounts.requests import Request
from clients.models import Client
from clients.views import answer_reveal
from lib import dates
from lib.paging import page_of
from policies.forms import PolicyFilter, PolicyForm
from policies.models import Policy
from policies.premium_line import Held


@require_GET
def policy_list(request: Request) -> HttpResponse:
    policies = Policy.objects.listed_for(request.user)
    form = PolicyFilter(request.GET, user=request.user)
    page = page_of(form.find(policies, dates.today()), policies.for_list(), form.page_number)
    template = "policies/_list.html" if request.htmx else "policies/list.html"
    rows = [Held(policy, dates.today()) for policy in page.object_list]
    return render(request, template, {"page": page, "rows": rows, "form": form})


@require_http_methods(["GET", "POST"])
@transaction.atomic
def new(request: Request) -> HttpResponse:
    """A policy of the client named in the address, or in the form that comes back."""
    asked = request.POST.get("holder") or request.GET.get("client") or ""
    pk = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0
    holder = get_object_or_404(Client.objects.visible_to(request.user), pk=pk)
    form = PolicyForm(request.POST or None, user=request.user, initial={"holder": holder.pk})
    if not (form.is_bound and form.is_valid()):
        return _form_page(request, form, holder, None)
    if not SentForm.first_time(request.user, form.cleaned_data["key"]):
        return redirect("client", holder.pk)
    return redirect("policy", form.record().pk)


@require_http_methods(["GET", "POST"])
@transaction.atomic
def edit(request: Request, pk: int) -> HttpResponse:
    policies = Policy.objects.visible_to(request.user).select_for_update(of=("self",))
    policy = get_object_or_404(policies, pk=pk)
    holder = policy.holder
    fixed = not may_record_payment(request.user)
    form = PolicyForm(request.POST or None, instance=policy, user=request.user, fixed=fixed)
    if not (form.is_bound and form.is_valid()):
        return _form_page(request, form, holder, policy)
    if form.is_stale:
        return _conflict(request, form, Policy.objects.get(pk=pk))
    form.record()
    messages.success(request, _("%(name)s saved") % {"name": policy.policy_no})
    return redirect("policy", pk)


def _form_page(
    request: Request, form: PolicyForm, holder: Client, policy: Policy | None
) -> HttpResponse:
    context = {"form": form, "holder": holder, "policy": policy}
    return render(request, "policies/form.html", context, status=422 if form.is_bound else 200)


def _conflict(request: Request, form: PolicyForm, saved: Policy) -> HttpResponse:
    differences = list(form.differences(saved))
    form.take_over()
    context = {"form": form, "holder": saved.holder, "policy": saved, "differences": differences}
    return render(request, "policies/form.html", context, status=409)


def may_record_payment(user: User) -> bool:
    """What an agent hears of a payment is a claim; who leads or administers records the truth."""
    return user.oversees


@require_http_methods(["GET", "POST"])
def reveal(request: Request, pk: int) -> HttpResponse:
    policy = get_object_or_404(Policy.objects.visible_to(request.user), pk=pk)
    back = reverse("policy", args=[pk])
    return answer_reveal(request, policy, reverse("policies:reveal", args=[pk]), back)
