"""A policy's own story in words: its events, and what followed from the days without one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from policies.lifecycle import PolicyEvent
from policies.models import Instalment, Policy
from policies.records import LOOKS, Record

Status, State, Kind = Policy.Status, Instalment.State, PolicyEvent.Kind


@dataclass(frozen=True)
class Told:
    """One thing that happened: when, what, and who or which file says so."""

    on: date
    icon: str
    tone: str
    title: str | Promise
    source: str | Promise = ""
    by: str = ""
    record: Record | None = None  # the line of a list that says so


STATUS_LOOKS = {
    Status.IN_FORCE: ("shield-check", "ok"),
    Status.LAPSED: ("exclamation-triangle-fill", "danger"),
    Status.PAID_UP: ("file-earmark-check", "teal"),
    Status.MATURED: ("gift", "teal"),
}
PREMIUM_LOOKS = {
    "paid": ("check-lg", "ok"),
    "waived": ("heart", "teal"),
    "loan": ("bank", "warn"),
    "cancelled": ("x-lg", "slate"),
    "owed": ("arrow-counterclockwise", "warn"),
}


def story_of(
    policy: Policy, events: Iterable[PolicyEvent], today: date, records: Iterable[Record] = ()
) -> list[Told]:
    """The latest first; what no event says, because it followed from the dates, is added."""
    written = list(events)
    told = [*from_the_days(policy, written, today), *map(tell, written)]
    told += map(tell_record, records)
    if policy.effective_on and policy.effective_on <= today:
        told.append(Told(policy.effective_on, "umbrella", "accent", _("Cover began")))
    return sorted(told, key=lambda one: one.on, reverse=True)


def tell(event: PolicyEvent) -> Told:
    icon, tone, title = _words(event)
    source = PolicyEvent.Source(event.source).label
    return Told(event.on, icon, tone, title, source, event.by.name if event.by else "")


def tell_record(record: Record) -> Told:
    source = PolicyEvent.Source.FILE.label
    return Told(record.on, *LOOKS[record.kind], record.title, source, record=record)


def _words(event: PolicyEvent) -> tuple[str, str, str]:
    if event.kind == Kind.POLICY:
        return _status_words(event)
    if event.kind == Kind.INSTALMENT:
        return *PREMIUM_LOOKS.get(event.now, ("flag", "slate")), _premium_words(event)
    if event.kind == Kind.MODE:
        modes = dict(Policy.Mode.choices)
        said = {"now": modes.get(event.now, event.now), "was": modes.get(event.was, event.was)}
        return "arrow-repeat", "accent", _("Premium mode: %(now)s, before %(was)s") % said
    said = {"now": event.now, "was": event.was}
    return "calendar3", "accent", _("Due on %(now)s instead of %(was)s") % said


def _status_words(event: PolicyEvent) -> tuple[str, str, str]:
    icon, tone = STATUS_LOOKS.get(Status(event.now), ("stop-circle", "slate"))
    if event.now == Status.IN_FORCE:
        return icon, tone, _("Reinstated") if event.was == Status.LAPSED else _("In force again")
    return icon, tone, str(Status(event.now).label)


def _premium_words(event: PolicyEvent) -> str:
    said = {"due": event.due_on.isoformat() if event.due_on else ""}
    if event.now == "paid":
        return _("Premium of %(due)s paid") % said
    if event.now == "waived":
        return _("Premium of %(due)s waived") % said
    if event.now == "loan":
        return _("Premium of %(due)s advanced as a loan") % said
    if event.now == "cancelled":
        return _("Premium of %(due)s cancelled") % said
    return _("Premium of %(due)s owed again") % said


def from_the_days(policy: Policy, events: list[PolicyEvent], today: date) -> Iterator[Told]:
    """Lapse and return that were never written, since they follow from the dates."""
    lapsed_silently = policy.status == Status.IN_FORCE and policy.status_on(today) == Status.LAPSED
    if lapsed_silently and policy.lapses_on:
        yield Told(
            policy.lapses_on,
            "exclamation-triangle-fill",
            "danger",
            _("Lapsed"),
            _("Grace ended unpaid"),
        )
    back_on = policy.reinstated_on
    said = any(event.kind == Kind.POLICY and event.now == Status.IN_FORCE for event in events)
    if back_on and not said:
        yield Told(back_on, "shield-check", "ok", _("Reinstated"))
