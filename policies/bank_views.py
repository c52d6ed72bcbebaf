"""What the bank has answered: the files of a month, their lines, and those that wait for a person."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.models import AuditEntry, SentForm, User
from clients.views import Request
from lib import dates
from lib.paging import UpTo
from policies import premiums
from policies.bank import BankRow, BankRowQuerySet, Branch
from policies.forms import A_MONTH, BIGGEST_ID, days_of
from policies.models import Instalment, Insurer, Policy

PER_PAGE = 20
A_YEAR_AGO = timedelta(days=400)  # older premiums are nobody's guess
NEAR = timedelta(days=35)  # what was booked as paid longer before is other money
SHOWN_CHOICES = 4
LATEST_FIRST = ("-returned_on", "row", "pk")  # as the index of the posted lines has them
MONEY_FIRST = ("-ok", *LATEST_FIRST)

View = Callable[..., HttpResponse]


def for_leaders(view: View) -> View:
    """The bank's lines are money: whoever leads or administers says what they mean."""

    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (request.user.leads or request.user.administers):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


class LinesForm(forms.Form):
    """The address of a list of lines; a wrong value in it is passed over."""

    SHOWN = {
        "waiting": gettext_lazy("Waiting"),
        "collected": gettext_lazy("Collected"),
        "failed": gettext_lazy("Failed"),
        "set_aside": gettext_lazy("Set aside"),
    }

    show = forms.ChoiceField(required=False, choices=[(code, code) for code in SHOWN])
    failure = forms.ChoiceField(required=False, choices=BankRow.Failure.choices)
    month = forms.RegexField(A_MONTH, required=False, max_length=7)
    batch = forms.IntegerField(required=False, min_value=1, max_value=2**62)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.full_clean()

    def asked(self, name: str) -> Any:
        return self.cleaned_data.get(name)

    @property
    def shown(self) -> str:
        return self.asked("show") or "waiting"

    @property
    def title(self) -> str:
        reason = dict(BankRow.Failure.choices).get(self.asked("failure") or "")
        return " · ".join(str(part) for part in (self.SHOWN[self.shown], reason) if part)

    def narrow(self, lines: BankRowQuerySet) -> BankRowQuerySet:
        lines = getattr(lines, self.shown)()
        if failure := self.asked("failure"):
            lines = lines.filter(failure=failure)
        if month := self.asked("month"):
            lines = lines.filter(returned_on__range=days_of(month))
        if batch := self.asked("batch"):
            lines = lines.filter(batch=batch)
        return lines


# --- the month


@require_GET
@for_leaders
def overview(request: Request) -> HttpResponse:
    mine = BankRow.objects.visible_to(request.user)
    month = _month_shown(request, mine)
    sums = Sums.of(mine.filter(returned_on__range=days_of(f"{month:%Y-%m}")))
    context = {
        "month": month,
        "before": dates.add_months(month, -1),
        "after": dates.add_months(month, 1),
        "sums": sums,
        "waiting": mine.waiting().count(),
        "branches": Branch.objects.select_related("insurer") if request.user.administers else None,
        "key": uuid.uuid4().hex,
    }
    return render(request, "policies/bank.html", context)


def _month_shown(request: Request, mine: BankRowQuerySet) -> date:
    """The month that was asked for, else that of the last file."""
    if asked := LinesForm(request.GET).asked("month"):
        return days_of(asked)[0]
    last: date | None = mine.aggregate(last=Max("returned_on"))["last"]
    return (last or dates.today()).replace(day=1)


@dataclass
class Tally:
    """How many, and how much money."""

    count: int = 0
    amount: Decimal = Decimal(0)

    def add(self, count: int, amount: Decimal) -> None:
        self.count += count
        self.amount += amount


@dataclass
class File:
    """A return file, by what became of its lines."""

    pk: int
    name: str
    uploaded_at: Any
    collected: Tally = field(default_factory=Tally)
    failed: Tally = field(default_factory=Tally)
    waiting: Tally = field(default_factory=Tally)
    set_aside: Tally = field(default_factory=Tally)

    def of(self, state: str, *, ok: bool) -> Tally:
        if state == BankRow.State.MATCHED:
            return self.collected if ok else self.failed
        return self.set_aside if state == BankRow.State.SET_ASIDE else self.waiting


@dataclass
class Sums:
    """The lines of a month: all of them, by file, and the failed ones by reason."""

    whole: File
    files: list[File]
    reasons: list[tuple[str, str, Tally]]

    @classmethod
    def of(cls, lines: BankRowQuerySet) -> "Sums":
        by = ("batch_id", "batch__name", "batch__uploaded_at", "state", "ok", "failure")
        groups = lines.order_by().values_list(*by).annotate(Count("pk"), Sum("amount"))
        whole = File(0, "", None)
        files: dict[int, File] = {}
        reasons: dict[str, Tally] = {}
        for batch, name, at, state, ok, failure, count, amount in groups:
            file = files.setdefault(batch, File(batch, name, at))
            for where in (whole, file):
                where.of(state, ok=ok).add(count, amount)
            if state == BankRow.State.MATCHED and not ok:
                reasons.setdefault(failure, Tally()).add(count, amount)
        labels = dict(BankRow.Failure.choices)
        told = [(code, str(labels.get(code, code)), found) for code, found in reasons.items()]
        return cls(
            whole,
            sorted(files.values(), key=lambda file: file.uploaded_at, reverse=True),
            sorted(told, key=lambda one: (-one[2].count, one[0])),
        )

    @property
    def most(self) -> int:
        return max((found.count for _code, _label, found in self.reasons), default=0)


# --- the lines


@require_GET
@for_leaders
def lines(request: Request) -> HttpResponse:
    mine = BankRow.objects.visible_to(request.user)
    return _lines_page(request, mine, LinesForm(request.GET))


def _lines_page(
    request: Request, mine: BankRowQuerySet, form: LinesForm, *, refused: "Refused | None" = None
) -> HttpResponse:
    found = form.narrow(mine)
    order = MONEY_FIRST if form.shown in {"waiting", "set_aside"} else LATEST_FIRST
    page = UpTo(found.order_by(*order).values_list("pk", flat=True), PER_PAGE).get_page(
        request.GET.get("page")
    )
    rows = list(mine.for_list().filter(pk__in=list(page)).order_by(*order))
    if refused and refused.row and refused.row.pk not in {row.pk for row in rows}:
        rows.insert(0, refused.row)
    context = {
        "form": form,
        "page": page,
        "cards": cards_of(rows),
        "total": _sum_of(found) if page.paginator.is_whole else None,  # type: ignore[attr-defined]
        "failures": BankRow.Failure.choices,
        "refused": refused,
        "note": request.POST.get("note", "") if refused and not refused.row else "",
        "ticked": _ticked(request) if refused else set(),
        "key": uuid.uuid4().hex,
    }
    return render(request, "policies/bank_lines.html", context, status=422 if refused else 200)


def _ticked(request: Request) -> set[int]:
    return {int(pk) for pk in request.POST.getlist("rows") if pk.isascii() and pk.isdigit()}


def _sum_of(lines: BankRowQuerySet) -> Decimal:
    total: Decimal = lines.aggregate(amount=Sum("amount", default=0))["amount"]
    return total


@dataclass(frozen=True)
class Choice:
    """A premium beside a line that may be of it."""

    instalment: Instalment
    row: BankRow

    @property
    def fits(self) -> bool:
        return bool(self.instalment.amount == self.row.amount)

    @property
    def lacks(self) -> Decimal:
        """By how much the money is less than the premium; below zero, by how much it is more."""
        return Decimal(self.instalment.amount - self.row.amount)

    @property
    def is_more(self) -> Decimal:
        return max(-self.lacks, Decimal(0))

    @property
    def is_late(self) -> bool:
        return self.row.ok and self.row.is_late_for(self.instalment)

    @property
    def is_free(self) -> bool:
        taken: bool = self.row.ok and self.instalment.collected  # type: ignore[attr-defined]
        return not (self.is_late or taken)


@dataclass(frozen=True)
class Card:
    row: BankRow
    choices: list[Choice]

    @property
    def status(self) -> str:
        """Of the policy, on the day of the bank."""
        if self.row.policy is None:
            return ""
        return str(Policy.Status(self.row.policy.status_on(self.row.returned_on)).label)

    @property
    def arrears(self) -> Decimal:
        """What reinstating would pay."""
        if self.row.policy is None:
            return Decimal(0)
        owed = [choice.instalment for choice in self.choices if choice.instalment.is_owed]
        due = premiums.dues(self.row.policy, self.row.returned_on, owed)
        return sum((each.amount for each in due), Decimal(0))


def cards_of(rows: Iterable[BankRow]) -> list[Card]:
    """The lines, those that wait with the premiums that could be meant; one query for all."""
    rows = list(rows)
    waiting = [row for row in rows if row.is_waiting and row.policy_id]
    candidates: dict[int, list[Instalment]] = {}
    if waiting:
        since = min(row.returned_on for row in waiting) - A_YEAR_AGO
        taken = BankRow.objects.collected().filter(instalment=OuterRef("pk"))
        near = Instalment.objects.filter(
            policy__in={row.policy_id for row in waiting}, due_on__gte=since, closed_on=None
        )
        for each in near.annotate(collected=Exists(taken)).order_by("due_on"):
            candidates.setdefault(each.policy_id, []).append(each)
    return [Card(row, _nearest(row, candidates.get(row.policy_id or 0, []))) for row in rows]


def _nearest(row: BankRow, premiums: list[Instalment]) -> list[Choice]:
    """Those due nearest to the day of the bank, in the order of their days."""
    if not row.is_waiting:
        return []
    near = [
        each
        for each in sorted(premiums, key=lambda each: abs(each.due_on - row.returned_on))
        if each.paid_on is None or each.paid_on >= row.returned_on - NEAR
    ]
    return [
        Choice(each, row) for each in sorted(near[:SHOWN_CHOICES], key=lambda each: each.due_on)
    ]


# --- what a person says of a line


@dataclass(frozen=True)
class Refused:
    """What could not be done, shown at its line."""

    row: BankRow | None  # None: several were meant
    words: str


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
    form = ManyAsideForm(request.POST, lines=mine, ticked=_ticked(request))
    done = _put_aside(request.user, form) if form.is_valid() else 0
    if done is None:
        return redirect("bank:lines")
    if not done:
        return _lines_page(request, mine, LinesForm({}), refused=Refused(None, _not_many(form)))
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
    return _lines_page(request, mine, LinesForm({}), refused=Refused(row, words))


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
