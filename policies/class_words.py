"""Why a client is of this class, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from policies.classification import ClientClass


def reasons_of(row: ClientClass) -> list[str]:
    """What decided first, then what was counted; what is unknown is named as such."""
    blocked = [str(row.get_blocked_display())] if row.blocked else []
    return [*blocked, *_value(row), _coverage(row), *_relation(row)]


def reason_of(row: ClientClass) -> str:
    """In one line: the word of whoever set the class by hand, or else what was counted."""
    if row.override is not None:
        return row.override.reason
    return _(", ").join(reasons_of(row))


def _value(row: ClientClass) -> list[str]:
    said = [_("pays more than %(n)s%% of the book") % {"n": row.standing}]
    if row.years is not None:
        said.append(
            ngettext("client for %(n)s year", "client for %(n)s years", row.years)
            % {"n": row.years}
        )
    policies = ngettext("%(n)s policy in force", "%(n)s policies in force", row.policies)
    return [*said, policies % {"n": row.policies}]


def _coverage(row: ClientClass) -> str:
    if row.coverage is None:
        return _("need unknown, coverage left out")
    return _("%(n)s%% of the need covered") % {"n": row.coverage}


def _relation(row: ClientClass) -> list[str]:
    contacts = ngettext(
        "%(n)s contact in twelve months", "%(n)s contacts in twelve months", row.contacts
    )
    said = [contacts % {"n": row.contacts}]
    if row.on_time is not None:
        said.append(_("%(n)s%% of premiums in time") % {"n": row.on_time})
    return said


def step_of(points: int | None) -> int:
    """Five steps for a picture; something is never drawn as nothing."""
    return -(-points // 20) if points else 0


def word_of(points: int | None) -> str:
    if points is None:
        return _("not known")
    if points >= 67:
        return _("high")
    return _("middling") if points >= 34 else _("low")
