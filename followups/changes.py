"""What an entry changes about its client, kept as it was before, so that it can be taken back."""

from datetime import date
from typing import Any

from django.db.models import F

from clients.models import Client, Contact


def before(client: Client, fields: dict[str, Any]) -> dict[str, Any]:
    """What the fields were and what they become, as the contact keeps it."""
    return {name: [_plain(getattr(client, name)), _plain(now)] for name, now in fields.items()}


def write(client_id: int, fields: dict[str, Any]) -> None:
    if fields:
        Client.objects.filter(pk=client_id).update(**fields, version=F("version") + 1)


def change_back(contact: Contact) -> None:
    """Set back what the entry changed, unless somebody has changed it since."""
    client = Client.objects.select_for_update().get(pk=contact.client_id)
    kept = contact.before or {}
    back = {n: was for n, (was, now) in kept.items() if _plain(getattr(client, n)) == now}
    write(client.pk, back)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
