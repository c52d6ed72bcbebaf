"""The reinstatement desk: bringing a lapsed policy back, step by step, before it is too late."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet


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

    OPEN = ("collecting", "sent", "medical", "accepted")

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
