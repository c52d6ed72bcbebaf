"""Spot checks: a contact that a leader asks the client about, and what was found."""

from datetime import datetime
from typing import Self

from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet
from clients.models import Contact
from followups.refusal import Refused


class SpotCheckQuerySet(ScopedQuerySet["SpotCheck"]):
    agent_field = "contact__client__agent"

    def standing(self) -> Self:
        return self.filter(swapped_at=None)

    def open(self) -> Self:
        return self.standing().filter(done_at=None)


class SpotCheck(models.Model):
    """One contact that a leader asks the client about, and what was found."""

    class Why(models.TextChoices):
        RUSH = "rush", _("Many results within two minutes")
        COPIED = "copied", _("The same words about several clients")
        APART = "apart", _("Visits in two districts within minutes")
        MONEY = "money", _("Word about money")
        NO_NOTE = "no_note", _("Visit without a word")
        RISK = "risk", _("Drawn by risk")
        CHANCE = "chance", _("Random")

    class Way(models.TextChoices):
        PHONE = "phone", _("By phone")
        JOINT_VISIT = "joint", _("Joint visit")
        DOCUMENT = "document", _("By a document")

    class Finding(models.TextChoices):
        AGREES = "agrees", _("As recorded")
        DIFFERS = "differs", _("Not as recorded")
        UNREACHED = "unreached", _("Client not reached")

    leader = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    on = models.DateField(_("day"))
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="spot_checks")
    why = models.CharField(_("why"), max_length=8, choices=Why)
    seed = models.CharField(max_length=40)
    way = models.CharField(_("how"), max_length=8, choices=Way, blank=True, default="")
    finding = models.CharField(_("finding"), max_length=9, choices=Finding, blank=True, default="")
    words = models.TextField(_("in words"), blank=True, default="")
    done_at = models.DateTimeField(null=True)
    swapped_at = models.DateTimeField(null=True)

    objects = SpotCheckQuerySet.as_manager()

    class Meta:
        verbose_name = _("spot check")
        verbose_name_plural = _("spot checks")
        ordering = ("-on", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=["leader", "on", "contact"], name="one_check_of_a_contact_a_day"
            ),
            models.CheckConstraint(
                condition=Q(done_at=None, finding="", way="")
                | (Q(done_at__isnull=False) & ~Q(finding="") & ~Q(way="")),
                name="checked_has_how_and_what",
            ),
        )

    def __str__(self) -> str:
        return f"{self.leader} {self.on}"


def record(check: SpotCheck, *, by: User, at: datetime, way: str, finding: str, words: str) -> None:
    """Keep what was found. Only of whoever drew it; raises Refused when that was done already."""
    if check.leader_id != by.pk:
        raise PermissionDenied
    if finding == SpotCheck.Finding.DIFFERS and not words:
        raise Refused(_t("Write what the client said."))
    still_open = SpotCheck.objects.open().filter(pk=check.pk)
    if not still_open.update(way=way, finding=finding, words=words, done_at=at):
        raise Refused(_t("This check has been settled meanwhile. Reload the page."))
