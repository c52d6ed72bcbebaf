"""What a person says of a line of the bank, and whose files are taken."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.gates import for_leaders
from accounts.models import AuditEntry, SentForm, User
from accounts.requests import Request
from policies import premiums
from policies.bank import BankRow, BankRowQuerySet, Branch
from policies.bank_views import PER_PAGE, LinesForm, Refused, lines_page, ticked_in
from policies.forms import BIGGEST_ID
from policies.models import Instalment, Insurer, Policy


class DeedForm(forms.Form):
    key = forms.CharField(required=False, max_length=64)


class SettleForm(DeedForm):
    instalment = forms.IntegerField(min_value=1, max_value=2**62)


class PolicyForm(DeedForm):
    policy_no = forms.CharField(max_length=40)

    def clean_policy_no(self) -> str:
        return "".join(self.cleaned_data["policy_no"].split()).upper()


class AsideForm(DeedForm):
    note = forms.CharField(max_length=200, strip=True)


@require_POST
@for_leaders
@transaction.atomic
def settle(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(BankRow.objects.visible_to(request.user), pk=pk)
    form = SettleForm(request.POST)
    if not form.is_valid():
        return _refuse(request, row, _("Choose the premium that is meant."))
    instalment = Instalment.objects.visible_to(request.user).filter(
        pk=form.cleaned_data["instalment"], policy=row.policy_id
    )
    meant = instalment.first()
    if not SentForm.first_time(request.user, form.cleaned_data["key"]):
        return redirect("bank:lines")
    if meant is None or not row.settle(meant, by=request.user):
        return _refuse(request, row, _("The line or the premium was settled meanwhile."))
    messages.success(request, _("Posted to the premium due %(day)s") % {"day": meant.due_on})
    return redirect("bank:lines")


@require_POST
@for_leaders
@transaction.atomic
def reinstate(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(BankRow.objects.visible_to(request.user), pk=pk)
    form = DeedForm(request.POST)
    if form.is_valid() and SentForm.first_time(request.user, form.cleaned_data["key"]):
        try:
            brought_back = row.reinstate(by=request.user)
        except premiums.Refused as refusal:
            return _refuse(request, row, str(refusal))
        if not brought_back:
            return _refuse(request, row, _("This money does not bring the policy back any more."))
        messages.success(request, _("Reinstated; the premiums owed are paid."))
    return redirect("bank:lines")


@require_POST
@for_leaders
@transaction.atomic
def name_policy(request: Request, pk: int) -> HttpResponse:
    """Give the number of the policy that is meant."""
    row = get_object_or_404(BankRow.objects.visible_to(request.user), pk=pk)
    form = PolicyForm(request.POST)
    number = form.cleaned_data["policy_no"] if form.is_valid() else ""
    found = Policy.objects.visible_to(request.user).filter(
        policy_no=number, insurer=row.batch.insurer_id
    )
    policy = found.first()
    if policy is None:
        return _refuse(request, row, _("No policy has this number."))
    if SentForm.first_time(request.user, form.cleaned_data["key"]):
        if not row.name_policy(policy, by=request.user):
            return _refuse(request, row, _("The line was settled meanwhile."))
        said = _("Choose the premium") if row.is_waiting else _("Posted to the only premium owed")
        messages.success(request, f"{policy.policy_no}: {said}")
    return redirect("bank:lines")


@require_POST
@for_leaders
@transaction.atomic
def put_aside(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(BankRow.objects.visible_to(request.user), pk=pk)
    form = AsideForm(request.POST)
    if not form.is_valid():
        return _refuse(request, row, _("Say why the line is set aside."))
    if SentForm.first_time(request.user, form.cleaned_data["key"]):
        if not row.put_aside(form.cleaned_data["note"], by=request.user):
            return _refuse(request, row, _("The line was settled meanwhile."))
        messages.success(request, _("Set aside; it can be brought back."))
    return redirect("bank:lines")


class ManyAsideForm(AsideForm):
    """Those of the ticked lines that one sees, and the reason of all."""

    def __init__(self, *args: Any, lines: BankRowQuerySet, ticked: set[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        few = sorted(pk for pk in ticked if pk < BIGGEST_ID)[:PER_PAGE]
        self.lines = list(lines.filter(pk__in=few))


@require_POST
@for_leaders
@transaction.atomic
def put_many_aside(request: Request) -> HttpResponse:
    """Set the ticked lines that still wait aside, all for the same reason."""
    mine = BankRow.objects.visible_to(request.user)
    form = ManyAsideForm(request.POST, lines=mine, ticked=ticked_in(request))
    done = _put_aside(request.user, form) if form.is_valid() else 0
    if done is None:
        return redirect("bank:lines")
    if not done:
        return lines_page(request, mine, LinesForm({}), refused=Refused(None, _not_many(form)))
    words = ngettext("%(n)s line set aside", "%(n)s lines set aside", done)
    messages.success(request, words % {"n": done})
    return redirect("bank:lines")


def _put_aside(user: User, form: ManyAsideForm) -> int | None:
    """How many were set aside; None if the form was sent before. What did nothing may be sent again."""
    with transaction.atomic():
        if not SentForm.first_time(user, form.cleaned_data["key"]):
            return None
        done = sum(line.put_aside(form.cleaned_data["note"], by=user) for line in form.lines)
        transaction.set_rollback(not done)
    return done


def _not_many(form: ManyAsideForm) -> str:
    if "note" in form.errors and form.lines:
        return _("Say why the lines are set aside.")
    return _("Tick the lines that are meant; some may have been settled meanwhile.")


@require_POST
@for_leaders
@transaction.atomic
def bring_back(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(BankRow.objects.visible_to(request.user), pk=pk)
    form = DeedForm(request.POST)
    if form.is_valid() and SentForm.first_time(request.user, form.cleaned_data["key"]):
        row.bring_back(by=request.user)
    return redirect("bank:lines")


def _refuse(request: Request, row: BankRow, words: str) -> HttpResponse:
    mine = BankRow.objects.visible_to(request.user)
    row = mine.for_list().get(pk=row.pk)
    return lines_page(request, mine, LinesForm({}), refused=Refused(row, words))


# --- whose files are taken


class BranchForm(DeedForm):
    insurer = forms.ModelChoiceField(Insurer.objects.all(), required=False)
    name = forms.CharField(max_length=80, strip=True)
    deed = forms.ChoiceField(choices=[("add", ""), ("remove", "")])


@require_POST
@transaction.atomic
def branches(request: Request) -> HttpResponse:
    """Say whose files are ours; a file of another branch is refused whole."""
    if not request.user.administers:
        raise PermissionDenied
    form = BranchForm(request.POST)
    if form.is_valid() and SentForm.first_time(request.user, form.cleaned_data["key"]):
        insurer = form.cleaned_data["insurer"] or Insurer.usual()
        name, deed = form.cleaned_data["name"], form.cleaned_data["deed"]
        if deed == "add":
            Branch.learn(insurer.pk, {name})
        else:
            Branch.objects.filter(insurer=insurer, name=name).delete()
        action = AuditEntry.Action.UPDATE
        AuditEntry.record(request.user, action, f"insurer {insurer.pk}", deed=deed, branch=name)
        messages.success(request, _("Branches saved"))
    return redirect("bank:overview")
