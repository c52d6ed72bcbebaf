"""The one question to ask next: the most valuable thing that nobody knows of a client yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clients.card import InfoCard
from clients.kinship import Kin
from clients.models import Client
from policies.models import Known

TOP = ("key", "important")
GROWN, OLD = 25, 60

# The income stands once, as a sum a year, in what the classification knows; a band is a way to ask
# for it and to show it. Upper end, and what stands for the whole band.
BANDS: tuple[tuple[str, str | Promise, Decimal | None, Decimal], ...] = (
    ("100", _("Under 100,000"), Decimal(100_000), Decimal(60_000)),
    ("200", _("100,000 to 200,000"), Decimal(200_000), Decimal(150_000)),
    ("500", _("200,000 to 500,000"), Decimal(500_000), Decimal(300_000)),
    ("1000", _("500,000 to a million"), Decimal(1_000_000), Decimal(700_000)),
    ("more", _("More than a million"), None, Decimal(1_500_000)),
)


def band_of(income: Decimal | None) -> str | Promise:
    """`200,000 to 500,000` for what is known of the income."""
    if income is None:
        return ""
    return next(label for _code, label, below, _sum in BANDS if below is None or income < below)


def income_of(band: str) -> Decimal | None:
    return next((usual for code, _label, _below, usual in BANDS if code == band), None)


@dataclass(frozen=True)
class Question:
    """`choices` are answered in one tap; without them there is a line to fill."""

    fact: str
    words: str | Promise
    worth: int
    choices: Sequence[tuple[str, str | Promise]] = ()


@dataclass(frozen=True)
class Knowing:
    """What is known of the client where the questions come from."""

    client: Client
    card: InfoCard
    known: Known | None
    family: frozenset[str]  # who is known around them, as kin
    age: int | None

    def has(self, fact: str) -> bool:
        if fact == "income":
            return bool(self.known and self.known.income)
        if fact == "children":
            return Kin.CHILD in self.family
        return self.card.says(fact)

    @property
    def is_of_the_top(self) -> bool:
        return self.client.tier in TOP or self.client.client_class == Client.Class.DEVELOP


YES_NO = (("true", _("Yes")), ("false", _("No")))
QUESTIONS = (
    Question("visit_time", _("When does a visit suit them best?"), 90, InfoCard.VisitTime.choices),
    Question("ask_first", _("Do they want to be asked before a visit?"), 85, YES_NO),
    Question("income", _("About how much does the household earn in a year?"), 80,
             tuple((code, label) for code, label, *_rest in BANDS)),
    Question("marital", _("Are they married?"), 75, InfoCard.Marital.choices),
    Question("profession", _("What do they do?"), 70, InfoCard.Profession.choices),
    Question("competitors", _("Do they hold policies with other companies?"), 60),
    Question("attitude", _("How do they take to agents?"), 55, InfoCard.Attitude.choices),
    Question("personality", _("What are they like to talk to?"), 50, InfoCard.Personality.choices),
    Question("employer", _("Where do they work?"), 45),
    Question("hobbies", _("What do they like to do?"), 40),
    Question("taboos", _("Is there anything to avoid?"), 35),
    Question("position", _("What is their position?"), 30),
    Question("sports", _("Which sport do they like?"), 25),
    Question("reading", _("What do they like to read?"), 20),
)  # fmt: skip
BY_FACT = {question.fact: question for question in QUESTIONS}


def question_for(knowing: Knowing, today: date) -> Question | None:
    """The most valuable of what is not known and was not put off; None when there is none.

    The same on the same day for the same client. Among questions worth about the same it changes
    from week to week, so that one that cannot be asked does not stand there for ever.
    """
    open_ones = [
        question
        for question in QUESTIONS
        if not knowing.has(question.fact)
        and not knowing.card.rests(question.fact, today)
        and _makes_sense(question.fact, knowing)
    ]
    if not open_ones:
        return None
    best = max(_worth(question, knowing) for question in open_ones)
    near = [question for question in open_ones if _worth(question, knowing) > best - 10]
    return near[(today.isocalendar().week + (knowing.client.pk or 0)) % len(near)]


def _worth(question: Question, knowing: Knowing) -> int:
    """What decides on sales is worth more with those who are to be developed."""
    selling = question.fact in {"income", "competitors", "marital"}
    return question.worth + (30 if selling and knowing.is_of_the_top else 0)


def _makes_sense(fact: str, knowing: Knowing) -> bool:
    age, profession = knowing.age, knowing.card.profession
    idle = profession in {InfoCard.Profession.RETIRED, InfoCard.Profession.HOME}
    if fact in {"employer", "position"}:
        return not idle and (age is None or age < OLD)
    if fact == "income":
        return age is None or age >= GROWN
    return not (fact == "marital" and Kin.SPOUSE in knowing.family)
