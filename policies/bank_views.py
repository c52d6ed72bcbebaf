"""What the bank has answered: the files of a month, their lines, and those that wait for a person."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Count, Exists, Max, OuterRef, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.gates import for_leaders
from accounts.requests import Request
from lib import dates
from lib.paging import UpTo
from policies import premiums
from policies.bank import BankRow, BankRowQuerySet, Branch
from policies.forms import A_MONTH, days_of
from policies.models import Instalment, Policy

PER_PAGE = 20
A_YEAR_AGO = timedelta(days=400)  # older premiums are nobody's guess
NEAR = timedelta(days=35)  # what was booked as paid longer before is other money
SHOWN_CHOICES = 4
LATEST_FIRST = ("-returned_on", "row", "pk")  # as the index of the posted lines has them
MONEY_FIRST = ("-ok", *LATEST_FIRST)


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


@dataclass(frozen=True)
class Refused:
    """What could not be done, shown at its line."""

    row: BankRow | None  # None: several were meant
    words: str


@require_GET
@for_leaders
def lines(request: Request) -> HttpResponse:
    mine = BankRow.objects.visible_to(request.user)
    return lines_page(request, mine, LinesForm(request.GET))


def lines_page(
    request: Request, mine: BankRowQuerySet, form: LinesForm, *, refused: Refused | None = None
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
        "ticked": ticked_in(request) if refused else set(),
        "key": uuid.uuid4().hex,
    }
    return render(request, "policies/bank_lines.html", context, status=422 if refused else 200)


def ticked_in(request: Request) -> set[int]:
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
