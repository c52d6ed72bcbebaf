"""The bank's answer to the debit: each line of a return file, and what became of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet


class BankRowQuerySet(ScopedQuerySet["BankRow"]):
    agent_field = "policy__holder__agent"


class BankRow(models.Model):
    """One line of a return file. A line comes once: the same in another file is the same line."""

    class Failure(models.TextChoices):
        INSUFFICIENT = "insufficient", _("Balance too low")
        ACCOUNT_NOT_FOUND = "account_not_found", _("No such account")
        CARD_INVALID = "card_invalid", _("Card not valid")
        NAME_MISMATCH = "name_mismatch", _("Name and account differ")
        FROZEN_OR_CLOSED = "frozen_or_closed", _("Account frozen or closed")
        LIMIT_EXCEEDED = "limit_exceeded", _("Over the account's limit")
        NO_AUTHORISATION = "no_authorisation", _("No authorisation")
        SYSTEM_ERROR = "system_error", _("Fault in the bank's system")
        OTHER = "other", _("Another reason")

    class State(models.TextChoices):
        MATCHED = "matched", _("Posted")
        AMBIGUOUS = "ambiguous", _("Several could be meant")
        UNKNOWN = "unknown", _("No such policy or premium")
        SET_ASIDE = "set_aside", _("Set aside by a person")

    batch = models.ForeignKey("policies.ImportBatch", models.PROTECT, related_name="bank_rows")
    row = models.PositiveIntegerField(_("row"))
    reference = models.CharField(_("policy or service number"), max_length=40)
    account_name = models.CharField(_("account name"), max_length=100, blank=True, default="")
    account_end = models.CharField(_("end of the account"), max_length=4, blank=True, default="")
    branch = models.CharField(_("branch"), max_length=80, blank=True, default="")
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    returned_on = models.DateField(_("returned on"))
    ok = models.BooleanField(_("collected"))
    failure = models.CharField(
        _("why it failed"), max_length=17, choices=Failure, blank=True, default=""
    )
    words = models.CharField(_("in the bank's words"), max_length=120, blank=True, default="")
    state = models.CharField(_("state"), max_length=9, choices=State)
    policy = models.ForeignKey(
        "policies.Policy", models.PROTECT, null=True, related_name="bank_rows"
    )
    instalment = models.ForeignKey(
        "policies.Instalment", models.PROTECT, null=True, related_name="bank_rows"
    )
    digest = models.CharField(max_length=64)  # of what makes the line this line and no other
    settled_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False
    )
    settled_at = models.DateTimeField(null=True)

    objects = BankRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of a bank return")
        verbose_name_plural = _("lines of bank returns")
        ordering = ("-returned_on", "row")
        constraints = (
            models.UniqueConstraint(fields=["digest"], name="a_bank_line_counts_once"),
            models.UniqueConstraint(
                fields=["instalment"],
                name="a_premium_is_collected_once",
                condition=Q(ok=True, state="matched"),
            ),
            models.CheckConstraint(
                condition=Q(ok=True, failure="") | (Q(ok=False) & ~Q(failure="")),
                name="a_failed_debit_says_why",
            ),
        )
        indexes = (
            models.Index(
                fields=["state"],
                name="bank_rows_waiting",
                condition=Q(state__in=["ambiguous", "unknown"]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.reference} {self.returned_on}"
