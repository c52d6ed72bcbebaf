"""The moves of policies and premiums: which there are, and the event that each leaves behind.

The database keeps both promises, so that an import of a province and a click obey the same table:
a trigger refuses what MOVES does not name, another writes the event. Grace and lapse are no moves:
they follow from the dates at every reading.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet
from lib import dates

_ENDS = ("terminated", "surrendered", "cooled_off", "matured", "claimed", "transferred")

# What may become what by hand or by the days. A file of the insurer may do more, and says so.
MOVES: dict[str, dict[str, tuple[str, ...]]] = {
    "policy": {
        "in_force": ("lapsed", "paid_up", *_ENDS),
        "lapsed": ("in_force", "paid_up", *_ENDS),
        "paid_up": ("in_force", *_ENDS),
    },
    "instalment": {
        "owed": ("paid", "waived", "loan", "cancelled"),
        "paid": ("owed",),  # the bank took it back, or it was booked by mistake
        "waived": ("owed",),
        "loan": ("owed", "paid"),
        "cancelled": ("owed",),
    },
}


class PolicyEventQuerySet(ScopedQuerySet["PolicyEvent"]):
    agent_field = "policy__holder__agent"


class PolicyEvent(models.Model):
    """One move on a policy's line; written by the database, never changed or deleted."""

    class Source(models.TextChoices):
        HAND = "hand", _("By hand")
        FILE = "file", _("The insurer's file")
        BANK = "bank", _("The bank's return file")

    class Kind(models.TextChoices):
        POLICY = "policy", _("Policy")
        INSTALMENT = "instalment", _("Premium")
        MODE = "mode", _("Premium mode")
        DUE = "due", _("Due date")

    policy = models.ForeignKey("policies.Policy", models.CASCADE, related_name="events")
    at = models.DateTimeField(_("at"))
    on = models.DateField(_("on"))
    source = models.CharField(_("source"), max_length=4, choices=Source)
    kind = models.CharField(_("what"), max_length=10, choices=Kind)
    was = models.CharField(_("before"), max_length=12)
    now = models.CharField(_("after"), max_length=12)
    due_on = models.DateField(_("due on"), null=True)  # which premium, where it is about one
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, null=True)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    batch = models.ForeignKey(
        "policies.ImportBatch", models.SET_NULL, null=True, related_name="+", db_index=False
    )

    objects = PolicyEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy event")
        verbose_name_plural = _("policy events")
        ordering = ("-on", "-pk")

    def __str__(self) -> str:
        return f"{self.policy_id} {self.kind} {self.was}-{self.now}"


def may_become(kind: str, was: str, now: str) -> bool:
    return was == now or now in MOVES[kind].get(was, ())


@contextmanager
def because(
    source: str, *, on: date | None = None, by: User | None = None, batch: int | None = None
) -> Iterator[None]:
    """Say of the moves inside where they come from; a transaction of its own or the caller's."""
    said = {
        "evergreen.source": source,
        "evergreen.on": str(on or dates.today()),
        "evergreen.by": str(by.pk) if by else "",
        "evergreen.batch": str(batch or ""),
    }
    with transaction.atomic():
        before = _say(said)
        yield
        _say(before)


def _say(settings: dict[str, str]) -> dict[str, str]:
    """Set them until the transaction ends; return what they were."""
    with connection.cursor() as cursor:
        old = ", ".join("coalesce(current_setting(%s, true), '')" for _name in settings)
        cursor.execute(f"SELECT {old}", list(settings))
        before = dict(zip(settings, cursor.fetchone(), strict=True))
        new = ", ".join("set_config(%s, %s, true)" for _name in settings)
        cursor.execute(f"SELECT {new}", [word for pair in settings.items() for word in pair])
    return before
