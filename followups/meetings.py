"""The morning meeting: what the leader held, with whom, and what was said."""

from datetime import date, datetime
from typing import Any, Self

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet


class MorningMeetingQuerySet(ScopedQuerySet["MorningMeeting"]):
    agent_field = "leader"

    def held_by(self, leader: User) -> Self:
        return self.filter(leader=leader)


class MorningMeeting(models.Model):
    """One a leader and day; it may be written on as the day goes."""

    leader = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    on = models.DateField(_("day"))
    minutes = models.TextField(_("minutes"))
    present = models.ManyToManyField(User, related_name="+", verbose_name=_("who was there"))
    held_at = models.DateTimeField()

    objects = MorningMeetingQuerySet.as_manager()

    class Meta:
        verbose_name = _("morning meeting")
        verbose_name_plural = _("morning meetings")
        ordering = ("-on",)
        constraints = (
            models.UniqueConstraint(fields=["leader", "on"], name="one_meeting_of_a_leader_a_day"),
        )

    def __str__(self) -> str:
        return f"{self.leader} {self.on}"


@transaction.atomic
def hold(leader: User, on: date, *, at: datetime, minutes: str, present: Any) -> MorningMeeting:
    """Keep the minutes and who was there; written again, they take the place of the former."""
    if not leader.leads:
        raise PermissionDenied
    meeting, _is_new = MorningMeeting.objects.update_or_create(
        leader=leader,
        on=on,
        defaults={"minutes": minutes},
        create_defaults={"minutes": minutes, "held_at": at},
    )
    meeting.present.set(present)
    return meeting
