"""What happened in a client's life, and asks for care."""

from datetime import date, timedelta

from django.db import models, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import AuditEntry, User
from accounts.scope import ScopedQuerySet
from clients.models import Client
from lib.fields import EncryptedTextField

MOURNING = timedelta(days=90)  # during which nothing is sold


class LifeEventQuerySet(ScopedQuerySet["LifeEvent"]):
    agent_field = "client__agent"


class LifeEvent(models.Model):
    class Kind(models.TextChoices):
        BIRTH = "birth", _("A child was born")
        MARRIAGE = "marriage", _("Married")
        MOVE = "move", _("Moved house")
        HOME = "home", _("Bought a home")
        JOB = "job", _("New job or promotion")
        GRADUATION = "school", _("School or graduation")
        RETIREMENT = "retired", _("Retired")
        ILLNESS = "illness", _("Illness or accident")
        BEREAVEMENT = "loss", _("A death in the family")
        DIVORCE = "divorce", _("Divorced")
        OTHER = "other", pgettext_lazy("life event", "Something else")

    client = models.ForeignKey(Client, models.CASCADE, related_name="life_events", db_index=False)
    kind = models.CharField(_("what happened"), max_length=8, choices=Kind)
    on = models.DateField(_("on"))
    note = EncryptedTextField(
        _("note"), context="life_event.note", blank=True, default="", max_length=300
    )  # health and mourning are nobody else's business
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now_add=True)

    objects = LifeEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event in a life")
        verbose_name_plural = _("events in a life")
        indexes = (
            models.Index(fields=["client", "-on"], name="events_of_a_client"),
            models.Index(fields=["on"], name="event_happened"),
        )

    def __str__(self) -> str:
        return f"{self.on} {self.get_kind_display()}"

    @classmethod
    @transaction.atomic
    def record(cls, client: Client, kind: str, *, on: date, note: str, by: User) -> "LifeEvent":
        made = cls.objects.create(client=client, kind=kind, on=on, note=note, by=by)
        cls._mourn(client)
        AuditEntry.record(by, AuditEntry.Action.CREATE, client, life_event=made.pk)
        return made

    @transaction.atomic
    def take_back(self, *, by: User) -> None:
        AuditEntry.record(by, AuditEntry.Action.UPDATE, self.client, life_event=self.pk)
        self.delete()
        self._mourn(self.client)

    @classmethod
    def _mourn(cls, client: Client) -> None:
        """Nothing is sold for a while after the latest death in the family."""
        losses = cls.objects.filter(client=client, kind=cls.Kind.BEREAVEMENT)
        last: date | None = losses.aggregate(last=Max("on"))["last"]
        client.no_sales_until = last + MOURNING if last else None
        Client.objects.filter(pk=client.pk).update(no_sales_until=client.no_sales_until)
