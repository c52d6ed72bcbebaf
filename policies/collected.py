"""What was collected of a policy: each premium with the bank's tries, the newest first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from lib.templatetags.ui import day, tail
from policies.bank import BankRow
from policies.lifecycle import PolicyEvent
from policies.models import Instalment, Policy
from policies.rhythm import number_of

State = Instalment.State
PLAIN: dict[str, str] = {  # states whose name says enough, with its tone
    State.SCHEDULED: "slate",
    State.DUE: "accent",
    State.LAPSED: "danger",
    State.REINSTATED: "teal",
    State.WAIVED: "teal",
    State.LOAN: "warn",
    State.CANCELLED: "slate",
}


@dataclass(frozen=True)
class Entry:
    """One line of the history: a premium, or a try of the bank to collect it."""

    due_on: date | None
    number: int | None
    amount: Decimal
    method: str | Promise
    result: str | Promise
    tone: str
    received_on: date | None = None
    instalment: int | None = None  # of the line that says what became of it
    waits: bool = False  # a line of the bank that a person has to look at


@dataclass(frozen=True)
class Books:
    """What is known of a policy's premiums, each read once."""

    policy: Policy
    instalments: list[Instalment]
    tries: list[BankRow]
    events: list[PolicyEvent]
    today: date

    def entries(self) -> list[Entry]:
        waiting = [self._waiting(row) for row in self.tries if row.is_waiting]
        return waiting + [
            entry
            for instalment in sorted(self.instalments, key=lambda one: one.due_on, reverse=True)
            for entry in self._of(instalment)
        ]

    def _of(self, instalment: Instalment) -> Iterator[Entry]:
        failed = [row for row in self._tries_of(instalment) if not row.ok]
        if not (instalment.is_owed and failed) or instalment.said_paid_on:
            yield self._own(instalment, failed)
        for row in sorted(failed, key=lambda row: row.returned_on, reverse=True):
            yield self._failed(instalment, row)

    def _own(self, instalment: Instalment, failed: list[BankRow]) -> Entry:
        result, tone = self._result(instalment, failed)
        return Entry(
            instalment.due_on,
            number_of(self.policy, instalment.due_on),
            instalment.amount,
            self._method(instalment),
            result,
            tone,
            instalment.paid_on,
            instalment.pk,
        )

    def _failed(self, instalment: Instalment, row: BankRow) -> Entry:
        why = row.get_failure_display()
        if row.failure == BankRow.Failure.OTHER and row.words:
            why = row.words
        return Entry(
            instalment.due_on,
            number_of(self.policy, instalment.due_on),
            row.amount,
            self._account(row.account_end),
            f"{day(row.returned_on, 'short')} {why}",
            "danger",
        )

    def _waiting(self, row: BankRow) -> Entry:
        words = _("%(day)s: a person has to look at this line of the bank")
        return Entry(
            None,
            None,
            row.amount,
            self._account(row.account_end),
            words % {"day": day(row.returned_on, "short")},
            "warn",
            row.returned_on if row.ok else None,
            waits=True,
        )

    def _result(self, instalment: Instalment, failed: list[BankRow]) -> tuple[str | Promise, str]:
        state = instalment.state_on(self.today)
        if state in PLAIN and not (state == State.LAPSED and instalment.said_paid_on):
            return state.label, PLAIN[state]
        if state == State.PAID:
            return self._paid(instalment, failed)
        if instalment.said_paid_on:
            return self._said(instalment)
        if instalment.promised_on and instalment.promised_on >= self.today:
            return _("Promised for %(day)s") % {
                "day": day(instalment.promised_on, "short")
            }, "accent"
        return _("Not received"), "danger"

    def _paid(self, instalment: Instalment, failed: list[BankRow]) -> tuple[str, str]:
        """A debit that succeeds at its first run is in time, though the run comes after the day."""
        at_first_run = not failed and self._collected(instalment) is not None
        in_time = instalment.paid_on and instalment.paid_on <= instalment.due_on
        return (_("Paid"), "ok") if in_time or at_first_run else (_("Paid in grace"), "warn")

    def _said(self, instalment: Instalment) -> tuple[str, str]:
        if instalment.rests_until and instalment.rests_until >= self.today:
            return _("Waiting for the return file"), "accent"
        said_on = day(instalment.said_paid_on, "short")
        return _("Said paid %(day)s, not confirmed") % {"day": said_on}, "danger"

    def _method(self, instalment: Instalment) -> str | Promise:
        if row := self._collected(instalment):
            return self._account(row.account_end)
        if instalment.is_owed:
            return self._account(self.policy.account[-4:]) if self.policy.account else ""
        moved = (
            event
            for event in self.events
            if event.kind == PolicyEvent.Kind.INSTALMENT and event.due_on == instalment.due_on
        )
        event = next(moved, None)
        return PolicyEvent.Source(event.source).label if event else ""

    def _account(self, end: str) -> str:
        ours = not end or self.policy.account.endswith(end)
        bank = self.policy.bank_name if ours else ""
        return f"{bank} {tail(end)}".strip()

    def _collected(self, instalment: Instalment) -> BankRow | None:
        return next((row for row in self._tries_of(instalment) if row.ok), None)

    def _tries_of(self, instalment: Instalment) -> Iterable[BankRow]:
        return (
            row
            for row in self.tries
            if row.instalment_id == instalment.pk and row.state == BankRow.State.MATCHED
        )


def books_of(policy: Policy, today: date) -> Books:
    """Everything recorded about the policy's premiums, in three queries."""
    return Books(
        policy,
        list(policy.instalments.all()),
        list(policy.bank_rows.exclude(state=BankRow.State.SET_ASIDE)),
        list(policy.events.select_related("by")),
        today,
    )
