"""What follows an outcome: read from the office's table, and put on the lists."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings

from clients.models import Client, Contact
from followups.models import FollowUp, Successor

Step = Successor.Step
ONE_DAY = timedelta(days=1)
MOST_TRIES = 20
LOOK_UPS = {Step.NUMBER: FollowUp.NUMBER, Step.ADDRESS: FollowUp.ADDRESS}
NOBODY_THERE = (Contact.Outcome.NO_ANSWER, Contact.Outcome.NOT_HOME)


@dataclass(frozen=True)
class NextStep:
    """One step, and after how many days; `days` counts from the day named where there is one."""

    step: Step
    days: int = 0

    def day(self, on: date, until: date | None) -> date | None:
        """The day it is due, None where it has none."""
        if self.step in {Step.ON_THE_DAY, Step.AFTER_THE_DAY}:
            return until + self.days * ONE_DAY if until else None
        if self.step == Step.AWAIT_FILE:
            return on + (settings.CLAIM_RESTS_DAYS + 1) * ONE_DAY
        return on + self.days * ONE_DAY if self.days else None

    @property
    def rule(self) -> str:
        """The code under which it stands on the list."""
        return LOOK_UPS.get(self.step, FollowUp.AGREED)


def table() -> dict[str, Successor]:
    return {row.outcome: row for row in Successor.objects.all()}


def after(successor: Successor, tries: int) -> NextStep:
    """The step after an outcome that has come for the `tries`th time in a row."""
    if successor.step != Step.AGAIN or tries <= len(successor.days):
        days = successor.days[max(tries, 1) - 1 : max(tries, 1)]
        if successor.step == Step.AFTER_THE_DAY:
            days = days or [1]
        return NextStep(Step(successor.step), days[0] if days else 0)
    return NextStep(Step(successor.at_last or Step.NOTHING), 1)


def next_step(client: Client, outcome: str, on: date) -> NextStep:
    """What follows when `outcome` is recorded for the client on `on`."""
    tries = tries_of(client, on) if outcome in NOBODY_THERE else 1
    return after(Successor.objects.get(outcome=outcome), tries)


def tries_of(client: Client, on: date) -> int:
    """On how many days in a row nobody was there, `on` included."""
    days = {on}
    contacts = client.contacts.filter(undone_at=None, on__lte=on).order_by("-on", "-at")
    for outcome, day in contacts.values_list("outcome", "on")[:MOST_TRIES]:
        if outcome not in NOBODY_THERE:
            break
        days.add(day)
    return len(days)
