"""The reinstatement desk: bringing a lapsed policy back, step by step, before it is too late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User
from accounts.scope import ScopedQuerySet

# What the insurer wants to see (a branch's own list of reinstatement papers).
PAPERS: dict[str, str | Promise] = {
    "holder_id": _("ID of the holder"),
    "insured_id": _("ID of the insured"),
    "bank_card": _("Bank card, if the account is another one"),
    "change_form": _("Contract change form"),
    "health_form": _("Health and occupation statement"),
    "guardian": _("Guardian's papers, if the insured is a minor"),
}
NEEDED = ("holder_id", "insured_id", "change_form", "health_form")


class ReinstatementQuerySet(ScopedQuerySet["Reinstatement"]):
    agent_field = "policy__holder__agent"


class Reinstatement(models.Model):
    """One application to bring a lapsed policy back."""

    class State(models.TextChoices):
        COLLECTING = "collecting", _("Collecting the papers")
        SENT = "sent", _("With the insurer")
        MEDICAL = "medical", _("Medical asked for")
        ACCEPTED = "accepted", _("Accepted: pay what is owed")
        DONE = "done", _("In force again")
        REFUSED = "refused", _("Refused")
        GIVEN_UP = "given_up", _("Given up")

    OPEN: ClassVar[tuple[str, ...]] = ("collecting", "sent", "medical", "accepted")

    policy = models.ForeignKey("policies.Policy", models.CASCADE, related_name="reinstatements")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.COLLECTING)
    begun_on = models.DateField(_("begun on"))
    sent_on = models.DateField(_("sent on"), null=True, blank=True)
    medical_asked_on = models.DateField(_("medical asked for on"), null=True, blank=True)
    medical_done_on = models.DateField(_("medical done on"), null=True, blank=True)
    decided_on = models.DateField(_("decided on"), null=True, blank=True)
    papers = models.JSONField(_("papers at hand"), default=list)
    note = models.CharField(_("note"), max_length=200, blank=True, default="")
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now_add=True)

    objects = ReinstatementQuerySet.as_manager()

    class Meta:
        verbose_name = _("reinstatement")
        verbose_name_plural = _("reinstatements")
        ordering = ("-begun_on", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=["policy"],
                condition=Q(state__in=["collecting", "sent", "medical", "accepted"]),
                name="one_open_reinstatement_of_a_policy",
            ),
        )

    def __str__(self) -> str:
        return f"{self.policy_id} {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def missing(self) -> list[str | Promise]:
        """The papers still to be brought."""
        return [PAPERS[paper] for paper in NEEDED if paper not in self.papers]

    @property
    def waits_for(self) -> str | Promise:
        """Who has the next move."""
        return WAITS_FOR.get(self.state, "")

    @property
    def steps(self) -> list[tuple[str, str | Promise]]:
        """What may be done next, as codes and words."""
        return [(code, step.label) for code, step in STEPS.items() if self.state in step.begins]

    def waiting_days(self, day: date) -> int:
        since = {self.State.SENT: self.sent_on, self.State.MEDICAL: self.medical_asked_on}
        return (day - (since.get(self.State(self.state)) or self.begun_on)).days

    def medical_is_late(self, day: date) -> bool:
        """The insurer asked for a medical and nobody has moved for three days."""
        return self.state == self.State.MEDICAL and self.waiting_days(day) >= MEDICAL_DAYS


MEDICAL_DAYS = 3
WAITS_FOR: dict[str, str | Promise] = {
    "collecting": _("The client's papers"),
    "sent": _("The insurer's answer"),
    "medical": _("The client's medical"),
    "accepted": _("The client's money"),
}


@dataclass(frozen=True)
class Step:
    """One move of an application: from which states, to which, and the date it leaves."""

    label: str | Promise
    begins: tuple[str, ...]
    ends: str
    dates: str


STEPS: dict[str, Step] = {
    "send": Step(_("Papers sent to the insurer"), ("collecting",), "sent", "sent_on"),
    "did_medical": Step(_("Medical done"), ("medical",), "sent", "medical_done_on"),
    "accept": Step(_("Insurer accepts"), ("sent",), "accepted", "decided_on"),
    "ask_medical": Step(_("Insurer asks for a medical"), ("sent",), "medical", "medical_asked_on"),
    "pay": Step(_("Paid: in force again"), ("accepted",), "done", ""),
    "refuse": Step(_("Insurer refuses"), ("sent", "medical"), "refused", "decided_on"),
    "give_up": Step(_("Client gives up"), Reinstatement.OPEN, "given_up", "decided_on"),
}


def desk(policies: QuerySet[Any], day: date) -> QuerySet[Any]:
    """Lapsed policies that can still come back, the nearest deadline first."""
    rows: QuerySet[Any] = policies.filter(
        status__in=["in_force", "lapsed"], lapses_on__lte=day, reinstate_by__gte=day
    )
    return rows.order_by("reinstate_by", "pk")


def owed_of(policies: Sequence[Any], day: date) -> dict[int, Decimal]:
    """What each has to pay to come back on that day, by its key; one query for all."""
    from policies import premiums
    from policies.models import Instalment

    opened: dict[int, list[Instalment]] = {policy.pk: [] for policy in policies}
    for each in Instalment.objects.owed().filter(policy__in=policies).order_by("due_on"):
        opened[each.policy_id].append(each)
    return {
        policy.pk: sum(
            (due.amount for due in premiums.dues(policy, day, opened[policy.pk])), Decimal(0)
        )
        for policy in policies
    }


@transaction.atomic
def begin(policy: Any, *, on: date, by: User) -> Reinstatement:
    """Open the application of a lapsed policy, or return the one that is open."""
    made, created = Reinstatement.objects.get_or_create(
        policy=policy, state__in=Reinstatement.OPEN, defaults={"begun_on": on, "by": by}
    )
    if created:
        AuditEntry.record(by, AuditEntry.Action.CREATE, made)
    return made


@transaction.atomic
def keep_papers(reinstatement: Reinstatement, papers: list[str], *, by: User) -> None:
    """Say which papers are at hand."""
    row = Reinstatement.objects.select_for_update().get(pk=reinstatement.pk)
    row.papers = [paper for paper in PAPERS if paper in papers]
    row.save(update_fields=["papers"])
    AuditEntry.record(by, AuditEntry.Action.UPDATE, row, papers=row.papers)


@transaction.atomic
def take(reinstatement: Reinstatement, step: str, *, on: date, by: User) -> Reinstatement:
    """Take a step; the last one books the money and brings the policy back.

    Raise premiums.Refused where the step does not follow from where the application stands.
    """
    from policies import premiums

    row = Reinstatement.objects.select_for_update().get(pk=reinstatement.pk)
    taken = STEPS[step]
    if row.state not in taken.begins:
        raise premiums.Refused(
            gettext("The application has moved on meanwhile. Look at where it stands now.")
        )
    if step == "send" and row.missing:
        missing = ", ".join(str(paper) for paper in row.missing)
        raise premiums.Refused(gettext("Still missing: %(papers)s.") % {"papers": missing})
    if step == "pay":
        premiums.reinstate(row.policy, on=on, by=by)
    if step == "ask_medical":
        row.medical_done_on = None  # a second one is asked for: that is not done yet
    row.state = taken.ends
    if taken.dates:
        setattr(row, taken.dates, on)
    row.save()
    AuditEntry.record(by, AuditEntry.Action.UPDATE, row, step=step, on=str(on))
    return row
