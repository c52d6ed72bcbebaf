"""What is covered, person by person and risk by risk, against what is needed.

The formula of each need stands in docs/coverage.md. What nobody knows is called unknown, never guessed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from clients.kinship import Kin, read
from clients.models import Client
from lib.remembered import remembered
from policies.known import Known, known_of
from policies.models import Policy, Product, money


def _years(label: Any, default: int) -> "models.PositiveSmallIntegerField[int, int]":
    limits = [MinValueValidator(1), MaxValueValidator(40)]
    return models.PositiveSmallIntegerField(label, default=default, validators=limits)


def _sum(label: Any, default: int) -> "models.DecimalField[Any, Any]":
    return money(label, default=Decimal(default), validators=[MinValueValidator(Decimal(1))])


class Needs(models.Model):
    """How much cover the office advises; one row, edited by the administrator."""

    life_years = _years(_("life cover, in years of income"), 10)
    critical_years = _years(_("critical illness cover, in years of income"), 5)
    accident_years = _years(_("accident cover, in years of income"), 10)
    pension_years = _years(_("pension, in years of income"), 10)
    medical_sum = _sum(_("medical cover of each person"), 1_000_000)
    education_sum = _sum(_("education of each child"), 300_000)

    class Meta:
        verbose_name = _("need for cover")
        verbose_name_plural = _("need for cover")

    def __str__(self) -> str:
        return str(_("need for cover"))

    @classmethod
    def current(cls) -> "Needs":
        return cls.objects.order_by("pk").first() or cls()


the_needs = remembered(Needs.current)  # for pages that only show it


class Risk(models.TextChoices):
    CRITICAL = "critical", _("Critical illness")
    LIFE = "life", _("Life")
    ACCIDENT = "accident", _("Accident")
    MEDICAL = "medical", _("Medical")
    EDUCATION = "education", _("Education")
    PENSION = "pension", _("Pension")
    SAVING = "saving", _("Saving")


COVERS = {
    Product.Kind.WHOLE_LIFE: Risk.LIFE,
    Product.Kind.TERM: Risk.LIFE,
    Product.Kind.CRITICAL_ILLNESS: Risk.CRITICAL,
    Product.Kind.MEDICAL: Risk.MEDICAL,
    Product.Kind.ACCIDENT: Risk.ACCIDENT,
    Product.Kind.ANNUITY: Risk.PENSION,
    Product.Kind.ENDOWMENT: Risk.SAVING,
}
Sums = dict[Risk, Decimal]
ONESELF = ("", "")
ALWAYS = (Risk.CRITICAL, Risk.LIFE, Risk.ACCIDENT, Risk.MEDICAL)  # shown even if nothing is there


@dataclass(frozen=True)
class Gap:
    """One person and risk: what is there, and what is needed, if that is known."""

    risk: Risk
    have: Decimal
    need: Decimal | None

    @property
    def missing(self) -> Decimal:
        return max(self.need - self.have, Decimal(0)) if self.need is not None else Decimal(0)

    @property
    def tone(self) -> str:
        if self.need is None:
            return "slate"
        if not self.missing:
            return "ok"
        return "danger" if self.have * 2 < self.need else "warn"

    @property
    def width(self) -> Decimal:
        """How long its bar is beside the others."""
        return max(self.have, self.need or Decimal(0))


@dataclass(frozen=True)
class Person:
    """Somebody whom the client's policies insure; the client themselves without a relation."""

    name: str
    relation: str
    gaps: Sequence[Gap]


@dataclass(frozen=True)
class Coverage:
    own: Sequence[Gap]
    others: Sequence[Person]
    income_known: bool

    @property
    def longest(self) -> Decimal:
        gaps = [*self.own, *(gap for person in self.others for gap in person.gaps)]
        return max((gap.width for gap in gaps), default=Decimal(0)) or Decimal(1)

    @property
    def largest_gaps(self) -> list[Gap]:
        """What the client themselves lack most, the largest first."""
        lacking = [gap for gap in self.own if gap.missing]
        return sorted(lacking, key=lambda gap: gap.missing, reverse=True)


def coverage_of(
    name: str, policies: Iterable[Policy], known: Known | None, children: int, today: date
) -> Coverage:
    """Add up the sums assured in force of the client `name` and of each person they insure."""
    needs = the_needs()
    sums: dict[tuple[str, str], Sums] = {}
    for policy, assured in _covering(policies, today):
        themselves = policy.insured_name in {"", name}
        person = ONESELF if themselves else (policy.insured_name, policy.relation)
        _add(sums.setdefault(person, {}), policy, assured)
    own = _own(sums.pop(ONESELF, {}), sums, needs, known, children)
    others = [
        Person(*person, gaps=_of_another(held, needs)) for person, held in sorted(sums.items())
    ]
    return Coverage(own, others, income_known=bool(known and (known.income or known.need)))


def cover_of_household(
    clients: Sequence[Client],
    policies: Iterable[Policy],
    children: Iterable[str],
    needs: Needs,
    today: date,
) -> dict[str, Sequence[Gap]]:
    """By name: the clients, the children who are not of age, and whoever is insured besides.

    Whoever pays for it; the education is counted with the child that it is meant for.
    """
    known, schooled = {client.name: known_of(client) for client in clients}, set(children)
    sums: dict[str, Sums] = {name: {} for name in (*known, *sorted(schooled))}
    for policy, assured in _covering(policies, today):
        _add(sums.setdefault(policy.insured_name or policy.holder.name, {}), policy, assured)
    return {
        name: _own(held, {}, needs, known[name], 0)
        if name in known
        else _of_another(held, needs, schooled=name in schooled)
        for name, held in sums.items()
    }


def _covering(policies: Iterable[Policy], today: date) -> Iterator[tuple[Policy, Decimal]]:
    for policy in policies:
        if policy.status_on(today) in Policy.COVERED and policy.product and policy.sum_assured:
            yield policy, policy.sum_assured


def _add(held: Sums, policy: Policy, assured: Decimal) -> None:
    risk = _risk_of(policy)
    held[risk] = held.get(risk, Decimal(0)) + assured


def _risk_of(policy: Policy) -> Risk:
    """An endowment for a child is meant for its education."""
    kind = Product.Kind(policy.product.kind) if policy.product else Product.Kind.OTHER
    relation = read(policy.relation)
    if kind is Product.Kind.ENDOWMENT and relation and relation.kin == Kin.CHILD:
        return Risk.EDUCATION
    return COVERS.get(kind, Risk.SAVING)


def _own(
    held: Sums,
    others: dict[tuple[str, str], Sums],
    needs: Needs,
    known: Known | None,
    children: int,
) -> list[Gap]:
    """The client's own; the education of the children is the parents' affair."""
    learning = sum((sums.get(Risk.EDUCATION, Decimal(0)) for sums in others.values()), Decimal(0))
    held = held | {Risk.EDUCATION: held.get(Risk.EDUCATION, Decimal(0)) + learning}
    income = known.income if known else None
    wanted: dict[Risk, Decimal | None] = {
        Risk.CRITICAL: _of_income(income, needs.critical_years),
        Risk.LIFE: (known.need if known else None) or _of_income(income, needs.life_years),
        Risk.ACCIDENT: _of_income(income, needs.accident_years),
        Risk.MEDICAL: needs.medical_sum,
        Risk.PENSION: _of_income(income, needs.pension_years),
        Risk.EDUCATION: needs.education_sum * children if children else None,
    }
    return [
        Gap(risk, held.get(risk, Decimal(0)), wanted.get(risk))
        for risk in Risk
        if risk in ALWAYS or held.get(risk) or (risk == Risk.EDUCATION and children)
    ]


def _of_income(income: Decimal | None, years: int) -> Decimal | None:
    return income * years if income else None


def _of_another(held: Sums, needs: Needs, *, schooled: bool = False) -> list[Gap]:
    """Of whoever is insured besides, no income is known: only medical cover has a usual need."""
    wanted = {Risk.MEDICAL: needs.medical_sum}
    if schooled:
        wanted[Risk.EDUCATION] = needs.education_sum
    sums = dict.fromkeys(wanted, Decimal(0)) | held
    return [Gap(risk, sums[risk], wanted.get(risk)) for risk in Risk if risk in sums]
