"""Handover: an agent leaves or is away, and others serve the clients, for good or until the agent is back.

Who serves a client decides who sees them, so the move of the client is the move of everything.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import AuditEntry, User
from accounts.scope import ScopedQuerySet
from clients.models import Client, Contact

UNDO_HOURS = 24
TALK = (Contact.Channel.CALL, Contact.Channel.WECHAT, Contact.Channel.VISIT)
VISIT = (Contact.Channel.VISIT,)
# Whoever is only maintained is met when there is a reason to.
TO_MEET = (Client.Class.DEVELOP, Client.Class.NURTURE)


def spoken(channels: Sequence[str], *, client: str, by: str, since: str) -> Exists:
    """Whether the agent `by` has reached the client in one of these ways; the words name columns."""
    contacts = Contact.objects.counted().filter(channel__in=channels)
    return Exists(
        contacts.filter(client=OuterRef(client), by=OuterRef(by), on__gte=OuterRef(since))
    )


class Overtaken(Exception):  # noqa: N818 - it names what happened
    """Somebody else has moved some of the clients meanwhile."""


class HandoverQuerySet(ScopedQuerySet["Handover"]):
    agent_field = "from_agent"

    def over(self, today: date) -> Self:
        """Absences from which the agent is back, and whose clients are not."""
        return self.filter(
            back_on__lte=today, ended_at=None, undone_at=None, from_agent__is_active=True
        )


class Handover(models.Model):
    """Clients of one agent, or of the orphan pool, who were given to others at one moment."""

    class Reason(models.TextChoices):
        LEFT = "left", pgettext_lazy("handover", "Leaves the office")
        TRANSFER = "transfer", pgettext_lazy("handover", "Moves to other work")
        BALANCE = "balance", pgettext_lazy("handover", "Has too many clients")
        HOLIDAY = "holiday", pgettext_lazy("handover", "On holiday")
        ILL = "ill", pgettext_lazy("handover", "Ill")
        POOL = "pool", pgettext_lazy("handover", "Nobody serves them")

    ABSENCES: ClassVar[tuple[str, ...]] = ("holiday", "ill")

    from_agent = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("from whom")
    )  # None: the orphan pool
    reason = models.CharField(_("reason"), max_length=8, choices=Reason)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    on = models.DateField(_("on"))
    at = models.DateTimeField(auto_now_add=True)
    back_on = models.DateField(_("back on"), null=True)  # of an absence
    ended_at = models.DateTimeField(null=True)  # the agent is back, the clients too
    undone_at = models.DateTimeField(null=True)

    objects = HandoverQuerySet.as_manager()

    class Meta:
        verbose_name = _("handover")
        verbose_name_plural = _("handovers")
        ordering = ("-at", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(back_on=None) | Q(back_on__gt=F("on")),
                name="an_absence_ends_after_it_begins",
            ),
        )
        indexes = (
            models.Index(
                fields=["back_on"],
                name="absences_under_way",
                condition=Q(back_on__isnull=False, ended_at=None, undone_at=None),
            ),
        )

    def __str__(self) -> str:
        return f"{self.from_agent or _('Orphan pool')} · {self.get_reason_display()}"

    @property
    def is_absence(self) -> bool:
        return self.reason in self.ABSENCES

    @property
    def undo_until(self) -> datetime:
        return self.at + timedelta(hours=UNDO_HOURS)

    @property
    def may_be_undone(self) -> bool:
        return not (self.undone_at or self.ended_at) and timezone.now() < self.undo_until

    def untouched(self) -> "models.QuerySet[HandedOver]":
        """Who is still with the new agent, and with whom nothing has been done since."""
        spoken = Contact.objects.filter(client=OuterRef("client"), at__gte=self.at, undone_at=None)
        return self.lines.standing().exclude(Exists(spoken))

    @transaction.atomic
    def undo(self, *, by: User) -> int:
        """Give back who is untouched; return how many. Those already begun with stay."""
        if not Handover.objects.select_for_update().filter(pk=self.pk, undone_at=None).exists():
            return 0
        returned = self._give_back(self.untouched())
        self.undone_at = timezone.now()
        self.save(update_fields=["undone_at"])
        AuditEntry.record(by, AuditEntry.Action.UPDATE, self, undone=True, clients=returned)
        return returned

    @transaction.atomic
    def end(self, *, by: User | None = None) -> int:
        """The agent is back: whoever is still with the stand-in returns."""
        waiting = Handover.objects.select_for_update().filter(pk=self.pk, ended_at=None)
        if not waiting.filter(undone_at=None).exists():
            return 0
        returned = self._give_back(self.lines.standing())
        self.ended_at = timezone.now()
        self.save(update_fields=["ended_at"])
        AuditEntry.record(by, AuditEntry.Action.UPDATE, self, ended=True, clients=returned)
        return returned

    def _give_back(self, lines: "models.QuerySet[HandedOver]") -> int:
        list(_locked(lines.values("client")).values_list("pk"))
        going = list(lines.values_list("client", flat=True))  # asked anew, with nobody else moving
        before = self.lines.filter(client=OuterRef("pk")).values("before_on")
        self.lines.filter(client__in=going).update(back_at=timezone.now())
        return Client.objects.filter(pk__in=going).update(
            agent=self.from_agent, handed_over_on=Subquery(before)
        )


class HandedOverQuerySet(ScopedQuerySet["HandedOver"]):
    agent_field = "client__agent"

    def standing(self) -> Self:
        """Whose clients are still with the agent who got them here."""
        return self.filter(back_at=None, client__agent=F("to"))


class HandedOver(models.Model):
    """One client of a handover, and to whom."""

    BY_MACHINE: ClassVar[Q] = Q(pk__isnull=False)  # an import that is undone asks

    handover = models.ForeignKey(Handover, models.CASCADE, related_name="lines", db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="handovers")
    to = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    before_on = models.DateField(null=True)  # when the client had last been handed over
    back_at = models.DateTimeField(null=True)

    objects = HandedOverQuerySet.as_manager()

    class Meta:
        verbose_name = _("client handed over")
        verbose_name_plural = _("clients handed over")
        constraints = (
            models.UniqueConstraint(fields=["handover", "client"], name="once_in_a_handover"),
        )

    def __str__(self) -> str:
        return f"{self.client_id} → {self.to_id}"


@transaction.atomic
def hand_over(
    shares: Mapping[int, Sequence[int]],
    *,
    from_agent: User | None,
    by: User,
    reason: str,
    on: date,
    back_on: date | None = None,
) -> Handover:
    """Give each receiver their clients, all at once. Raises Overtaken where somebody was quicker.

    A stand-in serves the clients until the agent is back and is no new agent to them: only who goes
    for good is marked with the day, from which the first call and the first visit are counted.
    """
    going = [client for share in shares.values() for client in share]
    rows = dict(_locked(going).filter(agent=from_agent).values_list("pk", "handed_over_on"))
    if len(rows) != len(going):
        raise Overtaken
    made = Handover(from_agent=from_agent, by=by, reason=reason, on=on)
    made.back_on = back_on if made.is_absence else None
    made.save()
    HandedOver.objects.bulk_create(
        HandedOver(handover=made, client_id=client, to_id=to, before_on=rows[client])
        for to, share in shares.items()
        for client in share
    )
    stamp = {} if made.is_absence else {"handed_over_on": on}
    to = made.lines.filter(client=OuterRef("pk")).values("to")
    Client.objects.filter(pk__in=going).update(agent=Subquery(to), **stamp)
    AuditEntry.record(
        by, AuditEntry.Action.UPDATE, made,
        from_agent=from_agent.pk if from_agent else None, reason=reason,
        clients={str(to): len(share) for to, share in shares.items()},
    )  # fmt: skip
    return made


def _locked(clients: Any) -> models.QuerySet[Client]:
    """In one order, so that of two at once the second waits for the first."""
    return Client.objects.filter(pk__in=clients).order_by("pk").select_for_update(of=("self",))


def end_absences(today: date) -> int:
    """Bring back the clients of everybody who is back; return how many."""
    return sum(handover.end() for handover in Handover.objects.over(today))
