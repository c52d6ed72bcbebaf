"""What an agent decides about the visits of a day: who is on the route, when, and in which place."""

from collections.abc import Iterable
from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.scope import ScopedQuerySet
from clients.models import Client


class RouteStopQuerySet(ScopedQuerySet["RouteStop"]):
    agent_field = "client__agent"


class RouteStop(models.Model):
    """What an agent has decided about visiting a client on a day; the rest is suggested.

    It stores no agent: the day belongs to whoever serves the client.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="route_stops", db_index=False)
    on = models.DateField(_("day"))
    goes = models.BooleanField(_("on the route"), null=True)  # None: as suggested
    at = models.TimeField(_("agreed for"), null=True, blank=True)
    place = models.PositiveSmallIntegerField(null=True)  # in an order made by hand

    objects = RouteStopQuerySet.as_manager()

    class Meta:
        verbose_name = _("stop of a route")
        verbose_name_plural = _("stops of routes")
        constraints = (
            models.UniqueConstraint(
                fields=["client", "on"], name="one_decision_per_client_and_day"
            ),
        )

    def __str__(self) -> str:
        return f"{self.client_id} {self.on}"

    @staticmethod
    def decide(clients: Iterable[Client], on: date, **what: object) -> None:
        """Keep the decision for all who are met together."""
        rows = [RouteStop(client=client, on=on, **what) for client in clients]
        RouteStop.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["client", "on"], update_fields=list(what)
        )
