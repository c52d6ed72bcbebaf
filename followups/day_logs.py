"""The log of an agent's day: drafted from what was done, handed in, gone through by the leader or sent back."""

from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from accounts.scope import ScopedQuerySet, agents_seen_by
from followups.refusal import Refused

LATE_DAYS = 7  # for so long a day may still be handed in


class DayLogQuerySet(ScopedQuerySet["DayLog"]):
    agent_field = "agent"

    def to_review(self) -> Self:
        return self.filter(state=DayLog.State.HANDED_IN)

    def sent_back(self) -> Self:
        return self.filter(state=DayLog.State.SENT_BACK)

    def in_time(self) -> Self:
        """As `DayLog.in_time`, asked of the database."""
        last = ExpressionWrapper(F("on") + timedelta(days=1), output_field=models.DateField())
        return self.annotate(written_on=TruncDate("handed_in_at")).filter(written_on__lte=last)


class DayLog(models.Model):
    """What an agent says of a day. One a day; sent back, the same one is handed in again."""

    class State(models.TextChoices):
        HANDED_IN = "handed_in", _("Handed in")
        SENT_BACK = "sent_back", _("Sent back")
        REVIEWED = "reviewed", _("Gone through")

    ATTENDANCE: ClassVar[tuple[str, ...]] = ("attended", "at_meeting", "trained")

    agent = models.ForeignKey(User, models.PROTECT, related_name="day_logs", db_index=False)
    on = models.DateField(_("day"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.HANDED_IN)
    summary = models.TextField(_("what was done"))
    best = models.TextField(_("who was most worth it"), blank=True, default="")
    prospects = models.CharField(_("who may add cover"), max_length=300, blank=True, default="")
    wants = models.TextField(_("what my leader could help with"), blank=True, default="")
    # None where the office does not note it.
    attended = models.BooleanField(_("in the office today"), null=True)
    at_meeting = models.BooleanField(_("at the morning meeting"), null=True)
    trained = models.BooleanField(_("at a training"), null=True)
    handed_in_at = models.DateTimeField(_("handed in"))  # for the first time
    note = models.TextField(_("note of the leader"), blank=True, default="")
    reviewed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False
    )
    reviewed_at = models.DateTimeField(null=True)

    objects = DayLogQuerySet.as_manager()

    class Meta:
        verbose_name = _("log of a day")
        verbose_name_plural = _("logs of days")
        ordering = ("-on", "agent")
        constraints = (
            models.UniqueConstraint(fields=["agent", "on"], name="one_log_of_an_agent_a_day"),
            models.CheckConstraint(
                condition=Q(state="handed_in") | Q(reviewed_by__isnull=False),
                name="reviewed_has_who",
            ),
        )
        indexes = (
            models.Index(fields=["on"], name="day_logs_of_a_day"),
            models.Index(
                fields=["reviewed_by", "reviewed_at"],
                name="day_logs_gone_through",
                condition=Q(reviewed_by__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.agent} {self.on}"

    @property
    def is_sent_back(self) -> bool:
        return self.state == self.State.SENT_BACK

    @property
    def is_reviewed(self) -> bool:
        return self.state == self.State.REVIEWED

    @property
    def in_time(self) -> bool:
        """Handed in on its day or the next: what is written at the end of a month proves nothing."""
        return timezone.localdate(self.handed_in_at) <= self.on + timedelta(days=1)


@transaction.atomic
def hand_in(agent: User, on: date, *, at: datetime, **said: Any) -> DayLog:
    """Hand the day in, or again after it came back. Raises Refused when the leader has gone through it."""
    logs = DayLog.objects.select_for_update(of=("self",))
    log, is_new = logs.get_or_create(agent=agent, on=on, defaults=said | {"handed_in_at": at})
    if is_new:
        return log
    if log.is_reviewed:
        raise Refused(_t("Your leader has gone through this day already, so it stays as it is."))
    for name, value in said.items():
        setattr(log, name, value)
    log.state = DayLog.State.HANDED_IN
    log.save(update_fields=[*said, "state"])
    return log


@transaction.atomic
def review(log: DayLog, *, by: User, at: datetime, note: str = "", send_back: bool = False) -> None:
    """Go through the log, or send it back with a word. A leader's verb, never about one's own."""
    if not by.oversees or log.agent_id == by.pk:
        raise PermissionDenied
    if send_back and not note:
        raise Refused(_t("Write what is missing, so that the agent can mend it."))
    state = DayLog.State.SENT_BACK if send_back else DayLog.State.REVIEWED
    still = DayLog.objects.to_review().filter(pk=log.pk)
    if not still.update(state=state, note=note, reviewed_by=by, reviewed_at=at):
        raise Refused(_t("This log has been gone through meanwhile. Reload the page."))


def to_mend(agent: User, today: date) -> DayLogQuerySet:
    """What came back to an agent and may still be handed in again."""
    back = DayLog.objects.visible_to(agent).filter(agent=agent).sent_back()
    return back.filter(on__gte=today - timedelta(days=LATE_DAYS)).order_by("on")


def missing(reader: User, day: date) -> models.QuerySet[User]:
    """Active agents who handed nothing in for `day`; nobody where no logs are kept."""
    seen, month = DayLog.objects.visible_to(reader), day - timedelta(days=30)
    if not seen.filter(on__range=(month, day)).exists():
        return User.objects.none()
    agents = agents_seen_by(reader).filter(role=Role.AGENT, is_active=True)
    handed_in = DayLog.objects.filter(agent=models.OuterRef("pk"), on=day)
    return agents.exclude(models.Exists(handed_in)).order_by("team__path", "staff_no")
