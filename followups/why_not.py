"""Why a client is not on a day's list: every rule with the first of its conditions that fails."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clients.models import Client
from followups.models import FollowUp, RuleMute
from followups.rulebook import RULEBOOK, label_of
from followups.rules import FamilyRule, Rule
from lib.templatetags.ui import day as in_words
from policies.models import Instalment, Policy

Status = FollowUp.Status


@dataclass(frozen=True)
class Verdict:
    """What one rule says of one client and day: `failed` names the condition, "" is on the list."""

    code: str
    label: str | Promise
    failed: str
    words: str
    row: FollowUp | None = None
    mute: RuleMute | None = None
    begins_on: date | None = None

    @property
    def listed(self) -> bool:
        return not self.failed


# Failing gates in words; a gate of a rule that has none here fails a test.
GATES: dict[str, str | Promise] = {
    "plan": gettext_lazy("The class %(class)s gets no such service."),
    "contact": gettext_lazy("The client is not to be contacted."),
    "muted": gettext_lazy("Silenced for this client."),
    "resting": gettext_lazy("The client's word is waited for."),
    "mourning": gettext_lazy("No cheer and no sales in the weeks after a death."),
    "consent": gettext_lazy("The client does not wish to hear from us on any usual way."),
}


@dataclass(frozen=True)
class Case:
    """One client and one day."""

    client: Client
    day: date

    @cached_property
    def rows(self) -> list[FollowUp]:
        found = FollowUp.objects.filter(client=self.client).select_related("done_by")
        return list(found.order_by("-list_on", "-pk"))

    @cached_property
    def policies(self) -> list[Policy]:
        return list(Policy.objects.filter(holder=self.client))

    @cached_property
    def instalments(self) -> list[Instalment]:
        return list(Instalment.objects.filter(policy__holder=self.client))

    @cached_property
    def mutes(self) -> dict[str, RuleMute]:
        standing = RuleMute.objects.standing(self.day).filter(client=self.client)
        return {mute.rule: mute for mute in standing.select_related("by")}

    @property
    def covered(self) -> list[Policy]:
        return [p for p in self.policies if p.status_on(self.day) in Policy.COVERED]


def verdicts(client: Client, day: date) -> list[Verdict]:
    """Every rule, those on the list first, then those whose day comes next."""
    case = Case(client, day)
    found = [verdict_of(rule, case) for rule in RULEBOOK]
    return sorted([*_after_entries(case), *found], key=_order)


def _order(verdict: Verdict) -> tuple[Any, ...]:
    near = verdict.begins_on or date.max
    return (not verdict.listed, verdict.failed in {"population", "subject"}, near, verdict.code)


def _after_entries(case: Case) -> Iterable[Verdict]:
    """What was agreed with the client stands without a rule."""
    for row in case.rows:
        if row.rule in FollowUp.AFTER_AN_ENTRY and _stands(row, case.day):
            yield _listed(row)


def verdict_of(rule: Rule, case: Case) -> Verdict:
    mine = [row for row in case.rows if row.rule == rule.code]
    standing = next((row for row in mine if _stands(row, case.day)), None)
    if standing:
        return _listed(standing)
    rows = rule.among(case.day).filter(**{rule.client: case.client.pk})
    first, last = _window(rule, case.day)
    dates = rows.order_by().aggregate(
        among=Count("pk"),
        begun=Count("pk", filter=Q(**{f"{rule.on}__range": (first, last)})),
        coming=Min(rule.on, filter=Q(**{f"{rule.on}__gt": last})),
        gone=Max(rule.on, filter=Q(**{f"{rule.on}__lt": first})),
    )
    if not dates["among"]:
        return _fails(rule, "population", _why_not_among(rule, case))
    if not dates["begun"]:
        return _not_the_day(rule, dates["coming"], dates["gone"])
    begun = rows.filter(**{f"{rule.on}__range": (first, last)})
    return _first_closed_gate(rule, begun, case) or _written_already(rule, begun, mine, case)


def _window(rule: Rule, day: date) -> tuple[date, date]:
    """The occasions whose work is worth doing on `day`."""
    return day - timedelta(days=rule.day + rule.keep), day - timedelta(days=rule.day)


def _stands(row: FollowUp, day: date) -> bool:
    return row.is_open and row.list_on <= day <= row.keep_until


def _listed(row: FollowUp) -> Verdict:
    words = _("On the list from %(first)s to %(last)s.") % {
        "first": in_words(row.list_on),
        "last": in_words(row.keep_until),
    }
    return Verdict(row.rule, label_of(row.rule), "", words, row)


def _fails(rule: Rule, failed: str, words: str, **more: Any) -> Verdict:
    return Verdict(rule.code, rule.label, failed, words, **more)


# --- the population


def _why_not_among(rule: Rule, case: Case) -> str:
    if isinstance(rule, FamilyRule):
        return _("The client is alive.") if not case.client.deceased else _nothing_left()
    if rule.subject == "instalment":
        return _of_premiums(rule, case)
    if rule.subject == "policy":
        return _of_policies(rule, case)
    if not case.covered:
        return _("Holds no policy in force.")
    if rule.on == "contact_invalid_on" and case.client.contact_invalid_on:
        return _("It is being looked for already.")
    return _("Nothing of this kind is recorded.")


def _nothing_left() -> str:
    return _("No policy was left that has not ended.")


def _of_premiums(rule: Rule, case: Case) -> str:
    if not case.instalments:
        return _("No premium is recorded.")
    owed = [one for one in case.instalments if one.is_owed]
    if not owed:
        return _("Every premium is paid or closed.")
    in_force = {policy.pk for policy in case.covered}
    if not any(one.policy_id in in_force for one in owed):
        return _("The policy is not in force.")
    return _("No premium is of this kind.")


def _of_policies(rule: Rule, case: Case) -> str:
    if not case.policies:
        return _("No policy is recorded.")
    if not case.covered and rule.series not in {"lapse", "reinstate"}:
        return _("The policy is not in force.")
    return _("No policy is of this kind.")


# --- the day


def _not_the_day(rule: Rule, coming: date | None, gone: date | None) -> Verdict:
    if coming:
        begins = coming + timedelta(days=rule.day)
        words = _("Not yet: begins on %(day)s.") % {"day": in_words(begins, "year")}
        return _fails(rule, "date", words, begins_on=begins)
    if gone is None:
        return _fails(rule, "date", _("The date it counts from is not known."))
    ended = gone + timedelta(days=rule.day + rule.keep)
    words = _("Over: it was worth doing until %(day)s.") % {"day": in_words(ended, "year")}
    return _fails(rule, "date", words)


# --- the gates


def _first_closed_gate(rule: Rule, rows: QuerySet[Any], case: Case) -> Verdict | None:
    for code, narrowed in rule.gates:
        rows = narrowed(rows, case.day)
        if not rows.exists():
            mute = case.mutes.get(rule.code) if code == "muted" else None
            return _fails(rule, code, _gate_words(rule, code, case), mute=mute)
    return None


def _gate_words(rule: Rule, code: str, case: Case) -> str:
    client = case.client
    if code == "contact" and client.deceased:
        return _("The client has died.")
    if code == "contact" and client.do_not_contact:
        return _("The client asked not to be contacted.")
    if code == "muted" and (mute := case.mutes.get(rule.code)):
        told = {"day": in_words(mute.until, "year"), "who": mute.by.name, "why": mute.reason}
        return _("Silenced until %(day)s by %(who)s: %(why)s") % told
    return str(GATES.get(code, code)) % {"class": client.shown_class.label}


# --- what became of it


def _written_already(
    rule: Rule, rows: QuerySet[Any], mine: Sequence[FollowUp], case: Case
) -> Verdict:
    occasions = set(rows.values_list(rule.on, flat=True))
    row = next((one for one in mine if one.occasion_on in occasions), None)
    if row is None:
        words = _("Wanted, and put on the list with the next writing.")
        return _fails(rule, "unwritten", words, begins_on=case.day)
    return _fails(rule, row.status, _became(row), row=row)


def _became(row: FollowUp) -> str:
    told: dict[str, Any] = {"from": in_words(row.list_on)}
    if row.status == Status.DONE and row.done_on:
        told |= {"day": in_words(row.done_on), "what": row.get_outcome_display()}
        return _("Done on %(day)s: %(what)s.") % told
    if row.status == Status.WITHDRAWN:
        why = {"why": row.get_reason_display()}
        if row.withdrawn_on:
            why["day"] = in_words(row.withdrawn_on)
            return _("Withdrawn on %(day)s: %(why)s.") % why
        return _("Withdrawn: %(why)s.") % why
    if row.status == Status.SUPERSEDED:
        return _("A later stage of the same matter has taken its place.")
    if row.status == Status.MISSED:
        return _("It stood on the list from %(from)s and was missed.") % told
    return _("It begins on %(from)s.") % told
