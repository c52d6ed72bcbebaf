"""By which way a client wants to hear from us, by which not, and how we know."""

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import Count, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User
from clients.models import Client


class ConsentQuerySet(models.QuerySet["Consent"]):
    def no(self) -> Self:
        """What the client does not, or no longer, want."""
        return self.filter(state__in=Consent.NO)

    def every_way_refused(self, client: str) -> models.QuerySet["Consent", Any]:
        """Subquery: one row where the client OuterRef(`client`) refuses every way there is."""
        refused = self.no().filter(client=OuterRef(client)).order_by().values("client")
        return refused.annotate(ways=Count("pk")).filter(ways=len(Consent.Channel)).values("ways")


class Consent(models.Model):
    """A client's word about one way of hearing from us. What was never asked has no row.

    A letter can always be sent: it is the way that remains when all others are refused.
    """

    class Channel(models.TextChoices):
        CALL = "call", _("Call")
        WECHAT = "wechat", _("WeChat")
        VISIT = "visit", _("Visit")

    class State(models.TextChoices):
        GRANTED = "granted", _("Agreed")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("No longer wanted")

    NO: ClassVar[tuple[str, ...]] = (State.REFUSED, State.WITHDRAWN)

    client = models.ForeignKey(Client, models.CASCADE, related_name="consents", db_index=False)
    channel = models.CharField(_("way"), max_length=6, choices=Channel)
    state = models.CharField(_("what they said"), max_length=9, choices=State)
    on = models.DateField(_("said on"))
    evidence = models.CharField(_("how we know"), max_length=200)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = (
            models.UniqueConstraint(fields=["client", "channel"], name="one_word_of_a_way"),
            models.CheckConstraint(condition=~Q(evidence=""), name="a_word_has_evidence"),
        )

    def __str__(self) -> str:
        return f"{self.client_id} {self.channel} {self.state}"

    def outweighs(self, other: "Consent") -> bool:
        """Of two words about one way: the later one, of the same day the no."""
        return (self.on, self.is_no) > (other.on, other.is_no)

    @property
    def is_no(self) -> bool:
        return self.state in self.NO

    @classmethod
    @transaction.atomic
    def take(
        cls, client: Client, channel: str, state: str, *, on: date, evidence: str, by: User
    ) -> "Consent":
        """Keep the client's latest word about a way; who took down which stands in the audit."""
        said = {"state": state, "on": on, "evidence": evidence, "by": by}
        consent, _new = cls.objects.update_or_create(client=client, channel=channel, defaults=said)
        AuditEntry.record(
            by, AuditEntry.Action.UPDATE, client, channel=channel, consent=state, on=str(on)
        )
        return consent


@dataclass(frozen=True)
class Ways:
    """How a client may be spoken to: what they refuse is not offered, and said why."""

    open: frozenset[str]
    refused: tuple[Consent, ...]

    @property
    def wechat(self) -> bool:
        return Consent.Channel.WECHAT in self.open

    @property
    def visit(self) -> bool:
        return Consent.Channel.VISIT in self.open

    @property
    def call(self) -> bool:
        return Consent.Channel.CALL in self.open

    @property
    def only_letters(self) -> bool:
        return not self.open and bool(self.refused)


def ways_of(client: Client) -> Ways:
    """Read with the client where `consents` was prefetched; who asked for peace has no way open."""
    refused = tuple(word for word in client.consents.all() if word.is_no)
    closed = {word.channel for word in refused}
    if not client.mobile:
        closed |= {Consent.Channel.CALL, Consent.Channel.WECHAT}
    if client.do_not_contact or client.deceased:
        closed |= set(Consent.Channel.values)
    return Ways(frozenset(set(Consent.Channel.values) - closed), refused)
