"""Why a client is of this class, in words."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from clients.models import Client
from policies.attention import attention_of
from policies.classification import ClientClass


@dataclass(frozen=True)
class Score:
    """Points of a hundred, as five steps and a word."""

    label: str | Promise
    points: int | None

    @property
    def step(self) -> int:
        """Something is never drawn as nothing."""
        return -(-self.points // 20) if self.points else 0

    @property
    def word(self) -> str:
        if self.points is None:
            return _("not known")
        if self.points >= 67:
            return _("high")
        return _("middling") if self.points >= 34 else _("low")


def scores_of(row: ClientClass) -> list[Score]:
    return [
        Score(gettext_lazy("Value"), row.value),
        Score(gettext_lazy("Coverage"), row.coverage),
        Score(gettext_lazy("Relationship"), row.relation),
        Score(gettext_lazy("Propensity"), row.propensity),
        Score(gettext_lazy("Confidence"), row.confidence),
    ]


LETTER_WORDS: dict[str, str | Promise] = {
    "A": pgettext_lazy("attention", "little"),
    "B": pgettext_lazy("attention", "some"),
    "C": pgettext_lazy("attention", "strong"),
    "D": pgettext_lazy("attention", "very strong"),
}


def about_client(client: Client) -> dict[str, Any]:
    """What the client's page says: the latest month, the three scores behind it, the five indicators."""
    row = ClientClass.latest_of(client).select_related("override__by").first()
    attention = attention_of(client, row)
    return {
        "standing": row,
        "scores": scores_of(row)[:3] if row else [],
        "attention": attention,
        "attention_word": LETTER_WORDS[attention.letter],
        "marks_key": uuid.uuid4().hex,
    }


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
