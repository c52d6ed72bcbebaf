"""How premiums are drawn: the line of the open one, the five states, all of them in a row."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, islice, pairwise

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from lib import dates
from lib.templatetags.ui import day
from policies.models import Instalment, Policy
from policies.premiums import reinstatement_end

# Where the stages end on the line, in percent: a line true to scale would squeeze the grace period.
DUE, GRACE_ENDS, REINSTATEMENT_ENDS, END = 22, 52, 88, 100
SHOWN_PREMIUMS = 40


@dataclass(frozen=True)
class Line:
    """The open premium on its way; positions are percents of the drawing."""

    due_on: date
    grace_ends_on: date
    today: date

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
        return reinstatement_end(self.grace_ends_on)

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
        stops = [
            (self.due_on - timedelta(days=120), 0),
            (self.due_on, DUE),
            (self.grace_ends_on, GRACE_ENDS),
            (self.reinstatement_ends_on, REINSTATEMENT_ENDS),
            (dates.add_years(self.reinstatement_ends_on, 1), END),
        ]
        for (begins_on, left), (ends_on, right) in pairwise(stops):
            if self.today <= ends_on:
                share = max((self.today - begins_on).days, 0) / max((ends_on - begins_on).days, 1)
                return round(left + share * (right - left))
        return END

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


def line_of(policy: Policy, instalment: Instalment | None, today: date) -> Line | None:
    if instalment is None or policy.status not in {Policy.Status.IN_FORCE, Policy.Status.LAPSED}:
        return None
    return Line(instalment.due_on, instalment.grace_ends_on, today)


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
    until = _("until %(day)s") % {"day": day(line.due_on, "year")} if line else ""
    lapses_on = line.lapses_on if line else policy.lapses_on
    lapsing = _("No cover from %(day)s") % {"day": day(lapses_on, "year")} if lapses_on else ""
    grace_tone = line.tone if line and line.stage == "grace" else "warn"
    rows = [
        ("in_force", _("In force"), "ok", until or _("Covered")),
        ("grace", _("Grace"), grace_tone, _("Covered; just pay")),
        ("lapsed", _("Lapsed"), "danger", lapsing or _("No cover")),
        ("reinstated", _("Reinstated"), "teal", _("Pay with interest, declare health")),
        ("ended", _("Ended"), "slate", _("No longer served")),
    ]
    tinted = {"in_force", "grace"} if now == "grace" else {now}
    return [
        State(name, tone if code in tinted else "", words, code == now)
        for code, name, tone, words in rows
    ]


def _current(policy: Policy, line: Line | None, today: date) -> str:
    if policy.status_on(today) == Policy.Status.LAPSED:
        return "lapsed"
    if policy.status != Policy.Status.IN_FORCE:
        return "ended"
    return "grace" if line and line.stage == "grace" else "in_force"


@dataclass(frozen=True)
class Premium:
    number: int
    due_on: date
    state: str  # paid, open, later

    @property
    def year(self) -> str:
        return f"{self.due_on:%y}"


@dataclass(frozen=True)
class Premiums:
    """Every premium of the contract; which are paid follows from what is due next."""

    all: list[Premium]
    amount: Decimal

    @property
    def paid(self) -> int:
        return sum(premium.state == "paid" for premium in self.all)

    @property
    def paid_amount(self) -> Decimal:
        return self.paid * self.amount

    @property
    def shown(self) -> list[Premium]:
        """All of them, or those around the open one when there are too many for a row."""
        if len(self.all) <= SHOWN_PREMIUMS:
            return self.all
        begin = min(max(self.paid - 8, 0), len(self.all) - 24)
        return self.all[begin : begin + 24]

    @property
    def last_due_on(self) -> date | None:
        return self.all[-1].due_on if self.all else None


def premiums_of(policy: Policy) -> Premiums | None:
    """None where the number of premiums is not known, or nothing regular is due."""
    months, effective_on = policy.months_between, policy.effective_on
    if not (months and effective_on and policy.pay_years):
        return None
    count = policy.pay_years * 12 // months
    days = islice(chain([effective_on], dates.due_dates(effective_on, months)), count)
    premiums = [Premium(n, on, _state(policy, on)) for n, on in enumerate(days, start=1)]
    return Premiums(premiums, policy.premium)


def _state(policy: Policy, due_on: date) -> str:
    if policy.next_due_on is None:
        return "paid" if policy.status == Policy.Status.IN_FORCE else "later"
    if due_on < policy.next_due_on:
        return "paid"
    return "open" if due_on == policy.next_due_on else "later"


def number_of(policy: Policy, due_on: date) -> int | None:
    """Which premium falls due on that day, the one on the effective date being the first."""
    months, effective_on = policy.months_between, policy.effective_on
    if not (months and effective_on) or due_on < effective_on:
        return None
    between = (due_on.year - effective_on.year) * 12 + due_on.month - effective_on.month
    return between // months + 1
