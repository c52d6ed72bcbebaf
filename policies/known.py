"""What an agent found out about a client and no book tells, and who marked it when."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.models import Client


class Indicator(models.TextChoices):
    """The five signs by which a client is told to need attention; each is on target, off, or unknown."""

    QUALITY = "quality", _("Policy quality")
    AWARENESS = "awareness", _("Insurance awareness")
    SATISFACTION = "satisfaction", _("Satisfaction")
    MEANS = "means", _("Means")
    MOBILITY = "mobility", _("Mobility")


# What is marked after a visit, and the column of Known that holds it; the others follow from the book.
MARKED: dict[str, str] = {
    Indicator.AWARENESS.value: "aware",
    Indicator.SATISFACTION.value: "satisfied",
    Indicator.MEANS.value: "means",
}


class Known(models.Model):
    """What an agent found out and no book tells. What nobody knows stays empty."""

    client = models.OneToOneField(
        Client, models.CASCADE, primary_key=True, related_name="known", verbose_name=_("client")
    )
    income = models.DecimalField(
        _("income a year"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    need = models.DecimalField(
        _("cover that is needed"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    aware = models.BooleanField(_("aware of what insurance is for"), null=True, blank=True)
    satisfied = models.BooleanField(_("satisfied with the service"), null=True, blank=True)
    means = models.BooleanField(_("can afford the premiums"), null=True, blank=True)
    referred = models.BooleanField(_("has recommended us"), null=True, blank=True)

    class Meta:
        verbose_name = _("what is known of a client")
        verbose_name_plural = _("what is known of clients")
        constraints = (
            models.CheckConstraint(
                condition=(Q(income=None) | Q(income__gt=0)) & (Q(need=None) | Q(need__gt=0)),
                name="income_and_need_are_more_than_nothing",
            ),
        )

    def __str__(self) -> str:
        return f"{self.client_id}"


def known_of(client: Client) -> Known | None:
    """What is known of the client, without a query where it was read along with them."""
    return getattr(client, "known", None)


class Mark(models.Model):
    """One tap after a visit: an indicator is on target, off it, or unknown again; who said so, and when."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="marks", db_index=False)
    indicator = models.CharField(max_length=12, choices=Indicator)
    on_target = models.BooleanField(null=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("mark of an indicator")
        verbose_name_plural = _("marks of indicators")
        indexes = (models.Index(fields=["client", "-at"], name="marks_of_a_client"),)

    def __str__(self) -> str:
        return f"{self.client_id} {self.indicator} {self.on_target}"
