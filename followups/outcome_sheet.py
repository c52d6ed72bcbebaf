"""The form that asks what came of it: which outcomes it offers, what each asks for, what follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clients.models import Client, Contact
from followups import agenda, ahead, people_page, successors
from followups.forms import ADDED, ASKS, CHANNELS, FIXED, STEPS, TILES, LogForm
from followups.models import FollowUp, Successor
from lib.templatetags.ui import weekday_day

ONE_DAY = timedelta(days=1)
Outcome = Contact.Outcome
Step = Successor.Step
USUAL_FIRST = (Outcome.ASKED_LATER, Outcome.NO_ANSWER)
FIRST = 5  # outcomes in sight; the sixth place opens the others


def outcomes_for(followup: FollowUp) -> list[Contact.Outcome]:
    """What may have come of it, the likeliest first.

    An owed premium is never simply "done": the client says so, the bank's word comes later.
    """
    first = _likeliest(followup)
    money = agenda.needs_outcome(followup)
    left_out = {Outcome.DECEASED} if followup.series in FollowUp.OF_THE_FAMILY else set()
    if is_owed(followup):
        left_out |= {Outcome.DONE}
    else:
        left_out |= {Outcome.PAID_ALREADY} | (set() if money else {Outcome.WILL_PAY})
    return first + [one for one in TILES if one not in left_out and one not in first]


def is_owed(followup: FollowUp) -> bool:
    return followup.series == "premium" and followup.instalment is not None


def _likeliest(followup: FollowUp) -> list[Contact.Outcome]:
    if is_owed(followup):
        return [Outcome.PAID_ALREADY, Outcome.WILL_PAY, *USUAL_FIRST, Outcome.REFUSED]
    if agenda.needs_outcome(followup):
        return [Outcome.DONE, Outcome.WILL_PAY, *USUAL_FIRST, Outcome.REFUSED]
    return [Outcome.DONE, Outcome.PARTLY, *USUAL_FIRST, Outcome.NOT_NEEDED]


@dataclass(frozen=True)
class Tile:
    value: str
    label: str | Promise
    icon: str
    asks: str
    step: str


def _tile(outcome: Contact.Outcome) -> Tile:
    step = STEPS.get(outcome) or FIXED.get(outcome) or ADDED
    return Tile(outcome.value, outcome.label, TILES[outcome], ASKS.get(outcome, ""), step)


@dataclass(frozen=True)
class Offered:
    """A step as it is offered, or as it was sent."""

    code: str
    words: str | Promise
    on: bool
    day: str
    wrong: Any = None
    fixed: bool = False  # the rulebook brings it by itself


WORDS = {
    Step.AGAIN: _("Next step: try again"),
    Step.NUMBER: _("Next step: find the right number"),
    Step.ADDRESS: _("Next step: find the new address"),
    Step.AFTER_THE_DAY: _("Next step: see whether the money has arrived"),
}


def steps(form: LogForm, client: Client, owed: bool, today: date) -> list[Offered]:
    """The next step after each outcome, with its day; for most of them switched on."""
    sent = form.data.getlist("follow") if form.is_bound else None  # type: ignore[attr-defined]
    table, tries = successors.table(), successors.tries_of(client, today)
    offered = []
    for outcome, code in STEPS.items():
        step = successors.after(table[outcome], tries if outcome in successors.NOBODY_THERE else 1)
        day = step.day(today, None) if step.step != Step.AFTER_THE_DAY else None
        words = WORDS.get(step.step, _("Add a next step"))
        fixed = owed and outcome == Outcome.WILL_PAY
        offered.append(_offered(form, code, words, sent, day, fixed=fixed))
    added = _offered(form, ADDED, _("Add a next step"), sent or [], today + 7 * ONE_DAY)
    return [*offered, added]


def _offered(
    form: LogForm,
    code: str,
    words: str | Promise,
    sent: list[str] | None,
    day: date | None,
    *,
    fixed: bool = False,
) -> Offered:
    name = f"next_{code}"
    shown = form.data.get(name, "") if form.is_bound else day.isoformat() if day else ""
    wrong = form.errors.get(name) if form.is_bound else None
    return Offered(code, words, sent is None or code in sent, shown, wrong, fixed)


def context(
    form: LogForm,
    followup: FollowUp,
    standing: Sequence[FollowUp],
    coming: Sequence[FollowUp],
    today: date,
) -> dict[str, Any]:
    """What the form shows about the work that stands and that which is coming."""
    ticked = form.data.getlist("task") if form.is_bound else None  # type: ignore[attr-defined]
    early = form.data.getlist("ahead") if form.is_bound else []  # type: ignore[attr-defined]
    names = len({row.client_id for row in (*standing, *coming)}) > 1
    tiles = [_tile(outcome) for outcome in outcomes_for(followup)]
    chosen = form["outcome"].value()
    return {
        "followup": followup,
        "form": form,
        "among": [
            (row, _words(row, names), ticked is None or str(row.pk) in ticked) for row in standing
        ],
        "coming": [
            (row, _words(row, names), ahead.key_of(row), ahead.key_of(row) in early)
            for row in coming
        ],
        "outcomes": tiles[:FIRST],
        "other_outcomes": tiles[FIRST:],
        "other_chosen": any(tile.value == chosen for tile in tiles[FIRST:]),
        "asks_amount": is_owed(followup),
        "channels": [(c.value, c.label, icon) for c, icon in CHANNELS.items()],
        "refusals": Contact.Refusal.choices,
        "days": promise_days(followup, today),
        "steps": steps(form, followup.client, is_owed(followup), today),
        "first_day": today,
        "service_of": agenda.service_of(followup),
        "question": people_page.question_about(followup.client, today),
    }


def _words(row: FollowUp, with_name: bool) -> str:
    words = agenda.service_of(row)
    return f"{row.client.name} · {words}" if with_name else words


def promise_days(followup: FollowUp, now: date) -> list[tuple[date, str | Promise]]:
    """The days that come to mind first, none after the cover is lost."""
    monday = now + timedelta(days=7 - now.weekday())
    named: dict[date, str | Promise] = {now: _("Today"), now + ONE_DAY: _("Tomorrow")}
    named.setdefault(monday, weekday_day(monday))
    ends_on = followup.instalment.grace_ends_on if followup.instalment else None
    return [
        (day, words) for day, words in named.items() if ends_on is None or day <= max(ends_on, now)
    ]
