"""What clients say about a premium: promises to pay, and claims to have paid."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet


class PromiseQuerySet(ScopedQuerySet["Promise"]):
    agent_field = "policy__holder__agent"


class Promise(models.Model):
    """A client's word to pay a premium by a day."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        KEPT = "kept", _("Kept")
        BROKEN = "broken", _("Broken")
        REPLACED = "replaced", _("Replaced by another")

    policy = models.ForeignKey("policies.Policy", models.CASCADE, related_name="promises")
    instalment = models.ForeignKey("policies.Instalment", models.CASCADE, related_name="promises")
    made_on = models.DateField(_("made on"))
    promised_on = models.DateField(_("promised for"))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    contact = models.ForeignKey(
        "clients.Contact", models.CASCADE, null=True, related_name="promises", db_index=False
    )

    objects = PromiseQuerySet.as_manager()

    class Meta:
        verbose_name = _("promise to pay")
        verbose_name_plural = _("promises to pay")
        ordering = ("-promised_on", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=["instalment"],
                condition=Q(state="open"),
                name="one_open_promise_of_a_premium",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_promise_is_of_some_money"),
        )
        indexes = (
            models.Index(fields=["promised_on"], name="open_promises", condition=Q(state="open")),
        )

    def __str__(self) -> str:
        return f"{self.instalment_id} {self.promised_on}"
