"""How premiums are drawn: the line of the open one, the five states, all of them in a row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from lib import dates
from lib.templatetags.ui import day
from policies.bank import BankRow
from policies.models import Instalment, Policy
from policies.premiums import PAYABLE, REINSTATEMENT_YEARS, reinstatement_end
from policies.promises import Promise as Word
from policies.rhythm import due_days, usual_amount

# Where the stages end on the line, in percent: a line true to scale would squeeze the grace period.
DUE, GRACE_ENDS, REINSTATEMENT_ENDS, END = 22, 52, 88, 100
SHOWN_PREMIUMS = 40
LABEL, NOW = 10, 6  # half the room that the words of a mark and of today take, in percent


@dataclass(frozen=True)
class Mark:
    """Something that happened on the line. `side` is where its words fit, nothing if they do not:
    over the mark, ending or starting at it, and "high" in a row above the others.
    """

    on: date
    icon: str
    tone: str
    words: str
    at: int
    side: str = "mid"

    @property
    def is_high(self) -> bool:
        return self.side.startswith("high")


@dataclass(frozen=True)
class Line:
    """The open premium on its way; positions are percents of the drawing."""

    due_on: date
    grace_ends_on: date
    today: date
    reinstate_years: int = REINSTATEMENT_YEARS
    marks: Sequence[Mark] = field(default=())

    @property
    def month_before(self) -> date:
        return dates.add_months(self.due_on, -1)

    @property
    def quarter_before(self) -> date:
        return dates.add_months(self.due_on, -3)

    @property
    def lapses_on(self) -> date:
        return self.grace_ends_on + timedelta(days=1)

    @property
    def reinstatement_ends_on(self) -> date:
        return reinstatement_end(self.grace_ends_on, self.reinstate_years)

    @property
    def days_after(self) -> int:
        return (self.today - self.due_on).days

    @property
    def days_left(self) -> int:
        return (self.grace_ends_on - self.today).days

    @property
    def grace_days(self) -> int:
        return (self.grace_ends_on - self.due_on).days

    @property
    def at(self) -> int:
        """Where today stands."""
        return self.place(self.today)

    def place(self, on: date) -> int:
        stops = [
            (self.due_on - timedelta(days=120), 0),
            (self.due_on, DUE),
            (self.grace_ends_on, GRACE_ENDS),
            (self.reinstatement_ends_on, REINSTATEMENT_ENDS),
            (dates.add_years(self.reinstatement_ends_on, 1), END),
        ]
        for (begins_on, left), (ends_on, right) in pairwise(stops):
            if on <= ends_on:
                share = max((on - begins_on).days, 0) / max((ends_on - begins_on).days, 1)
                return round(left + share * (right - left))
        return END

    @property
    def is_tall(self) -> bool:
        """Whether a second row of words is needed above the bar."""
        return any(mark.is_high for mark in self.marks)

    @property
    def room_at_70(self) -> bool:
        """Whether the words about reinstatement find room between the others."""
        words = (mark.at for mark in self.marks if mark.side and not mark.is_high)
        taken = [self.at, *words]
        return all(not 54 < at < 84 for at in taken)

    @property
    def stage(self) -> str:
        if self.today <= self.due_on:
            return "before"
        if self.today <= self.grace_ends_on:
            return "grace"
        return "lapsed" if self.today <= self.reinstatement_ends_on else "over"

    @property
    def tone(self) -> str:
        if self.stage == "before":
            return "ok"
        return "warn" if self.stage == "grace" and self.days_left > 7 else "danger"


def line_of(
    policy: Policy,
    instalment: Instalment | None,
    today: date,
    *,
    tries: Iterable[BankRow] = (),
    words: Iterable[Word] = (),
) -> Line | None:
    """The line of the open premium with the bank's failed tries and what the client said of it."""
    if instalment is None or policy.status not in PAYABLE:
        return None
    years = policy.product.reinstate_years if policy.product else REINSTATEMENT_YEARS
    bare = Line(instalment.due_on, instalment.grace_ends_on, today, years)
    marks = [*_failures(bare, instalment, tries), *_sayings(bare, instalment, words)]
    return replace(bare, marks=_with_room(marks, bare.at))


def _failures(line: Line, instalment: Instalment, tries: Iterable[BankRow]) -> list[Mark]:
    days = {row.returned_on for row in tries if not row.ok and row.instalment_id == instalment.pk}
    if instalment.failed_on:
        days.add(instalment.failed_on)
    return [
        Mark(
            on,
            "x-circle-fill",
            "danger",
            _("%(day)s debit failed") % {"day": day(on, "short")},
            line.place(on),
        )
        for on in sorted(days)
    ]


def _sayings(line: Line, instalment: Instalment, words: Iterable[Word]) -> list[Mark]:
    marks = []
    for word in words:
        if word.instalment_id != instalment.pk or word.replaced_on:
            continue
        if word.kind == Word.Kind.PROMISE:
            on, text = word.promised_on, _("Promised for %(day)s")
        else:
            on, text = word.made_on, _("Said paid %(day)s")
        words_of = text % {"day": day(on, "short")}
        marks.append(Mark(on, "chat-dots", "accent", words_of, line.place(on)))
    return marks


def _with_room(marks: list[Mark], now: int) -> list[Mark]:
    """The newest choose first where their words stand; who finds no room is only a stroke."""
    rows: dict[str, list[tuple[int, int]]] = {"": [(now - NOW, now + NOW)], "high ": []}
    placed = []
    for mark in sorted(marks, key=lambda mark: (mark.on, mark.tone), reverse=True):
        spans = {
            "mid": (mark.at - LABEL, mark.at + LABEL),
            "end": (mark.at - 2 * LABEL, mark.at),
            "start": (mark.at, mark.at + 2 * LABEL),
        }
        free = (
            (row, side)
            for row, taken in rows.items()
            for side, (left, right) in spans.items()
            if left >= 0 and right <= END and all(right <= a or left >= b for a, b in taken)
        )
        row, side = next(free, ("", ""))
        if side:
            rows[row].append(spans[side])
        placed.append(replace(mark, side=row + side))
    return placed[::-1]


@dataclass(frozen=True)
class Held:
    """A policy as its line on the page says it."""

    policy: Policy
    today: date

    @property
    def in_grace(self) -> bool:
        return self.policy.in_grace_on(self.today)

    @property
    def days_left(self) -> int:
        """Days on which paying still keeps the cover, today not counted."""
        lapses_on = self.policy.lapses_on
        return (lapses_on - self.today).days - 1 if lapses_on else 0

    @property
    def status(self) -> str | Promise:
        return Policy.Status(self.policy.status_on(self.today)).label

    @property
    def tone(self) -> str:
        tones = {Policy.Status.IN_FORCE: "ok", Policy.Status.LAPSED: "danger"}
        return tones.get(Policy.Status(self.policy.status_on(self.today)), "slate")


@dataclass(frozen=True)
class State:
    name: str
    tone: str
    words: str
    current: bool


def states_of(policy: Policy, line: Line | None, today: date) -> list[State]:
    """The five states a policy can be in, with the day on which each begins or ends."""
    now = _current(policy, line, today)
    ended = policy.status not in Policy.ALIVE
    over = ended or (policy.next_due_on is None and now != "lapsed")
    until = _until(policy, line)
    lapses_on = line.lapses_on if line else policy.lapses_on
    lapsing = _("No cover from %(day)s") % {"day": day(lapses_on, "year")} if lapses_on else ""
    grace_tone = line.tone if line and line.stage == "grace" else "warn"
    paid_up = policy.status == Policy.Status.PAID_UP
    back_on = policy.reinstated_on
    back = _("Reinstated on %(day)s") % {"day": day(back_on, "year")} if back_on else ""
    coming_back = "" if over else _("Pay with interest, declare health")
    ended_as = Policy.Status(policy.status).label if ended else _("Ended")
    ending = _("on %(day)s") % {"day": day(policy.ended_on, "year")} if policy.ended_on else ""
    covered = _("Nothing more to pay") if policy.next_due_on is None else _("Covered")
    rows = [
        ("in_force", _("Reduced paid-up") if paid_up else _("In force"), "ok", until or covered),
        ("grace", _("Grace"), grace_tone, "" if over else _("Covered; just pay")),
        ("lapsed", _("Lapsed"), "danger", "" if over else lapsing or _("No cover")),
        ("reinstated", _("Reinstated"), "teal", back or coming_back),
        ("ended", str(ended_as), "slate", ending or _("No longer served")),
    ]
    tinted = {"in_force", "grace"} if now == "grace" else {now}
    return [
        State(name, tone if code in tinted else "", words, code == now)
        for code, name, tone, words in rows
    ]


def _until(policy: Policy, line: Line | None) -> str:
    """How long the policy is, or was, in force without grace."""
    due_on = line.due_on if line else None
    on = due_on if policy.status in Policy.ALIVE else policy.ended_on
    return _("until %(day)s") % {"day": day(on, "year")} if on else ""


def _current(policy: Policy, line: Line | None, today: date) -> str:
    status = policy.status_on(today)
    if status == Policy.Status.LAPSED:
        return "lapsed"
    if status not in Policy.COVERED:
        return "ended"
    if line and line.stage == "grace":
        return "grace"
    return "reinstated" if policy.reinstated_on else "in_force"


@dataclass(frozen=True)
class Premium:
    number: int
    due_on: date
    state: str  # paid, waived, loan, open, later
    amount: Decimal = Decimal(0)


@dataclass(frozen=True)
class Premiums:
    """Every premium of the contract; what no row says follows from what is due next."""

    all: list[Premium]

    @property
    def paid(self) -> int:
        return sum(premium.state == "paid" for premium in self.all)

    @property
    def paid_amount(self) -> Decimal:
        return sum((one.amount for one in self.all if one.state == "paid"), Decimal(0))

    @property
    def waived(self) -> int:
        return sum(premium.state == "waived" for premium in self.all)

    @property
    def loans(self) -> int:
        return sum(premium.state == "loan" for premium in self.all)

    @property
    def shown(self) -> list[Premium]:
        """All of them, or those around the open one when there are too many for a row."""
        if len(self.all) <= SHOWN_PREMIUMS:
            return self.all
        begin = min(max(self.paid - 8, 0), len(self.all) - 24)
        return self.all[begin : begin + 24]

    @property
    def by_month(self) -> bool:
        """Whether a year has several, so that it does not tell them apart."""
        return any(one.due_on.year == after.due_on.year for one, after in pairwise(self.all))

    @property
    def last_due_on(self) -> date | None:
        return self.all[-1].due_on if self.all else None


def premiums_of(policy: Policy, instalments: Iterable[Instalment] = ()) -> Premiums | None:
    """None where the number of premiums is not known, or nothing regular is due."""
    if not (policy.months_between and policy.effective_on and policy.pay_years):
        return None
    known = {instalment.due_on: instalment for instalment in instalments}
    paid_before = _paid_before(policy, known.values())
    return Premiums(
        [
            Premium(
                n, on, _state(policy, on, known.get(on), paid_before), _amount(policy, known, on)
            )
            for n, on in due_days(policy)
        ]
    )


def _amount(policy: Policy, known: dict[date, Instalment], on: date) -> Decimal:
    amount: Decimal = known[on].amount if on in known else usual_amount(policy, on)
    return amount


def _paid_before(policy: Policy, known: Iterable[Instalment]) -> date:
    """Premiums due before this day were paid, unless their own rows say otherwise."""
    if policy.next_due_on:
        return policy.next_due_on
    if policy.status == Policy.Status.IN_FORCE:
        return date.max
    told = [one.due_on + timedelta(days=1) for one in known if one.paid_on]
    if policy.paid_to:
        told.append(policy.paid_to)
    return max(told, default=policy.ended_on or date.min)


def _state(policy: Policy, due_on: date, known: Instalment | None, paid_before: date) -> str:
    if known and known.paid_on:
        return "paid"
    if known and known.closed_on:
        return known.closed_as if known.closed_as != Instalment.Closed.CANCELLED else "later"
    if due_on == policy.next_due_on:
        return "open"
    return "paid" if due_on < paid_before else "later"
