"""The audit log as a file."""

import json
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.exports import Column, Listing
from accounts.models import AuditEntry, User


def _entries(user: User, asked: QueryDict) -> Any:
    return AuditEntry.objects.select_related("actor")


AUDIT = Listing(
    "audit",
    _("Audit log"),
    "audit_log",
    (
        Column(_("When"), lambda entry: timezone.localtime(entry.at).strftime("%Y-%m-%d %H:%M:%S")),
        Column(_("Who"), lambda entry: entry.actor.name if entry.actor else _("The system")),
        Column(_("Staff number"), lambda entry: entry.actor.staff_no if entry.actor else ""),
        Column(_("What"), lambda entry: entry.get_action_display()),
        Column(_("Whom"), lambda entry: entry.subject),
        Column(_("Details"), lambda entry: json.dumps(entry.detail, ensure_ascii=False)),
    ),
    _entries,
    allows=lambda user: user.audits or user.administers,
)
