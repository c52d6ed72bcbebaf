"""Personal data, all of it: what is personal, how each field looks, and who may see it whole."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from accounts.models import AuditEntry, User
from lib.masking import mask_account, mask_id, mask_phone

# What is hidden until somebody asks, by model and field. Lower case names, since the policies are
# unknown here.
HIDDEN: dict[str, dict[str, Callable[[str], str]]] = {
    "client": {"mobile": mask_phone, "phone": mask_phone, "id_number": mask_id},
    "policy": {"insured_id_number": mask_id, "account": mask_account},
}

# Personal as well, but what an agent works with every day: shown to whoever may see the client,
# left out of logs and of the audit.
SHOWN: dict[str, tuple[str, ...]] = {
    "client": ("name", "gender", "birth_on", "id_valid_to", "email", "address", "postcode", "note"),
    "infocard": (
        "profession",
        "employer",
        "position",
        "marital",
        "visit_time",
        "ask_first",
        "personality",
        "attitude",
        "competitors",
        "hobbies",
        "sports",
        "reading",
        "taboos",
        "gifts",
    ),
    "keydate": ("label", "year", "month", "day"),
    "lifeevent": ("kind", "on", "note"),
    "familymember": ("name", "called", "gender", "year", "month", "day", "birth_on"),
    "household": ("name", "address"),
    "policy": ("insured_name", "relation", "bank_name"),
}


def hidden_fields(model: str) -> dict[str, Callable[[str], str]]:
    return HIDDEN.get(model, {})


def masked(obj: models.Model, field: str) -> str:
    return _mask(obj, field)(str(getattr(obj, field) or ""))


def may_reveal(user: User) -> bool:
    """Those who work with clients; rows that are not theirs never come this far."""
    return user.is_active and not user.audits


@transaction.atomic
def reveal(user: User, obj: models.Model, field: str, reason: str = "") -> str:
    """Return the whole number, recorded: who, whose, which, when and why."""
    _mask(obj, field)
    if not may_reveal(user):
        raise PermissionDenied
    AuditEntry.record(user, AuditEntry.Action.REVEAL, obj, field=field, reason=reason[:200])
    return str(getattr(obj, field) or "")


def _mask(obj: models.Model, field: str) -> Callable[[str], str]:
    """Raise LookupError for what is no hidden field."""
    return hidden_fields(str(obj._meta.model_name))[field]
