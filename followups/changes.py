"""What an entry changes about its client, kept as it was before, so that it can be taken back."""

from datetime import date
from typing import Any

from django.db.models import F

from clients.models import Client, Contact


def change(contact: Contact, **fields: Any) -> None:
    """Set these fields of the contact's client, and note what they were."""
    client = Client.objects.select_for_update().get(pk=contact.client_id)
    was = {name: [_plain(getattr(client, name)), _plain(now)] for name, now in fields.items()}
    _write(client, fields)
    contact.before = (contact.before or {}) | was
    contact.save(update_fields=["before"])


def change_back(contact: Contact) -> None:
    """Set back what the entry changed, unless somebody has changed it since."""
    client = Client.objects.select_for_update().get(pk=contact.client_id)
    back = {
        name: was
        for name, (was, now) in (contact.before or {}).items()
        if _plain(getattr(client, name)) == now
    }
    if back:
        _write(client, back)


def _write(client: Client, fields: dict[str, Any]) -> None:
    Client.objects.filter(pk=client.pk).update(**fields, version=F("version") + 1)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
