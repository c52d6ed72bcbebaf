"""Whom the rules ask about, as more than one part of the book says it."""

from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from clients.models import Client
from policies.models import Policy

TOP = ("key", "important")  # tiers


def holders(day: date) -> QuerySet[Client]:
    """Holders of a policy in force."""
    return Client.objects.filter(Exists(Policy.objects.in_force(day).filter(holder=OuterRef("pk"))))


def of_holders(rows: QuerySet[Any], day: date) -> QuerySet[Any]:
    """What belongs to clients who hold a policy in force."""
    return rows.filter(Exists(Policy.objects.in_force(day).filter(holder=OuterRef("client"))))
