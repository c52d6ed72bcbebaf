"""What insurers' lists say of a policy line by line: claims, tickets, loans, changes and the like."""

from datetime import date
from typing import Any

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.scope import ScopedQuerySet
from lib.fields import EncryptedTextField
from policies.importing.layout import MONEY, SEALED
from policies.importing.layouts import LAYOUTS


class RecordQuerySet(ScopedQuerySet["Record"]):
    agent_field = "policy__holder__agent"


class Record(models.Model):
    """One line of a list, known again by its number: a later list changes it, the same one does not.

    `fields` holds the line's cells by the names of its layout's columns: days as ISO texts, amounts
    as numbers. What is personal is in `sealed`, as JSON.
    """

    class Kind(models.TextChoices):
        RECEIPT = "receipts", _("Receipt")
        MATURITY = "maturity", _("Maturity")
        CALLBACK = "callback", _("Failed call-back")
        TICKET = "tickets", _("Hotline ticket")
        CLAIM = "claims", _("Claim")
        CHANGE = "changes", _("Policy change")
        LOAN = "loans", _("Policy loan")

    policy = models.ForeignKey(
        "policies.Policy", models.CASCADE, related_name="records", db_index=False
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    number = models.CharField(_("number"), max_length=80, blank=True, default="")
    part = models.CharField(max_length=200, blank=True, default="")
    on = models.DateField(_("on"))
    state = models.CharField(_("state"), max_length=1000, blank=True, default="")
    fields = models.JSONField(default=dict)
    sealed = EncryptedTextField(context=SEALED, blank=True, default="")
    sealed_index = models.BinaryField(max_length=32, null=True, editable=False)
    batch = models.ForeignKey(
        "policies.ImportBatch", models.SET_NULL, null=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("record of a policy")
        verbose_name_plural = _("records of policies")
        ordering = ("-on", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=["policy", "kind", "number", "part"], name="a_record_is_known_by_its_number"
            ),
        )
        indexes = (models.Index(fields=["kind", "on"], name="records_of_a_kind"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"

    @property
    def title(self) -> str:
        """What it is, its number where it has one of its own, and how far it is."""
        number = "" if self.number == self.on.isoformat() else self.number
        words = " ".join(filter(None, [str(self.get_kind_display()), number]))
        return f"{words} · {self.state}" if self.state else words

    @property
    def told(self) -> list[tuple[str, Any, bool]]:
        """What the line says beside that: heading, value, and whether it is money."""
        layout, language = LAYOUTS[self.kind], get_language() or "en"
        hidden = {layout.kept.number, layout.kept.state} if layout.kept else set()
        return [
            (column.heading(language), _value(self.fields[column.field]), column.sql == MONEY)
            for column in layout.columns
            if column.field in self.fields and column.field not in hidden
        ]


def _value(said: Any) -> Any:
    return date.fromisoformat(said) if _is_day(said) else said


def _is_day(said: Any) -> bool:
    return isinstance(said, str) and len(said) == 10 and said[4::3] == "--" and said[:4].isdigit()


LOOKS: dict[str, tuple[str, str]] = {
    Record.Kind.RECEIPT: ("journal-check", "ok"),
    Record.Kind.MATURITY: ("gift", "teal"),
    Record.Kind.CALLBACK: ("telephone-x", "warn"),
    Record.Kind.TICKET: ("chat-square-text", "accent"),
    Record.Kind.CLAIM: ("clipboard2-pulse", "teal"),
    Record.Kind.CHANGE: ("sliders", "slate"),
    Record.Kind.LOAN: ("wallet2", "warn"),
}
