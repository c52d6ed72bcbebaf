"""How much attention a client needs: five indicators, and a letter for how many of them are off target.

Policy quality and mobility follow from the book, once a month; the others are marked by whoever spoke
with the client, and count at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import OuterRef
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User
from clients.models import Client
from policies.classification import ClientClass, letter_of
from policies.known import MARKED, Indicator, Known, Mark, known_of

# What is to be done about an indicator that is off target.
TO_IMPROVE: dict[str, str | Promise] = {
    Indicator.QUALITY.value: _("Bring the premiums up to date and keep the cover"),
    Indicator.AWARENESS.value: _("Explain what the cover is for, with a case close to them"),
    Indicator.SATISFACTION.value: _("Ask what went wrong and put it right"),
    Indicator.MEANS.value: _("Look for a smaller premium or another way to pay"),
    Indicator.MOBILITY.value: _("Check address and numbers, and how to stay in touch"),
}


@dataclass(frozen=True)
class Sign:
    """One indicator of a client as it stands, and who marked it when."""

    code: str
    on_target: bool | None
    by: str = ""
    on: date | None = None

    @property
    def label(self) -> str | Promise:
        return Indicator(self.code).label

    @property
    def is_marked(self) -> bool:
        """Whether it is an agent who says so, and not the book."""
        return self.code in MARKED

    @property
    def is_off(self) -> bool:
        return self.on_target is False

    @property
    def to_improve(self) -> str | Promise:
        return TO_IMPROVE[self.code]


@dataclass(frozen=True)
class Attention:
    """The letter of a client with its five signs."""

    signs: list[Sign]

    @property
    def letter(self) -> str:
        return letter_of(sign.on_target for sign in self.signs)

    @property
    def off(self) -> list[Sign]:
        return [sign for sign in self.signs if sign.is_off]

    @property
    def known(self) -> int:
        return sum(sign.on_target is not None for sign in self.signs)

    @property
    def confidence(self) -> int:
        """Percent of the indicators that anybody knows."""
        return 100 * self.known // len(self.signs)


def attention_of(client: Client, row: ClientClass | None) -> Attention:
    """As the latest month says; a client who is in none yet has only what was marked."""
    standing = row.indicators if row else _known_of(client)
    last = {mark["indicator"]: mark for mark in _marks_of(client)}
    return Attention(list(_signs(standing, last)))


def _known_of(client: Client) -> dict[str, bool | None]:
    known = known_of(client) or Known()
    return {code: getattr(known, column) for code, column in MARKED.items()}


def last_marks() -> ArraySubquery:
    """Who marked each indicator last, and when: to be read along with clients as `last_marks`."""
    marks = Mark.objects.filter(client=OuterRef("pk")).order_by("indicator", "-at", "-pk")
    said = JSONObject(indicator="indicator", by="by__name", at="at")
    return ArraySubquery(marks.distinct("indicator").values(said=said))


def _marks_of(client: Client) -> list[dict[str, str]]:
    read: list[dict[str, str]] | None = getattr(client, "last_marks", None)
    if read is None:
        return Client.objects.values_list(last_marks(), flat=True).get(pk=client.pk)  # type: ignore[no-any-return]
    return read


def _signs(standing: dict[str, bool | None], last: dict[str, Any]) -> Iterator[Sign]:
    for code in Indicator.values:
        mark = last.get(code)
        told = standing.get(code)
        if mark is None or told is None:
            yield Sign(code, told)
        else:
            at = datetime.fromisoformat(mark["at"])
            yield Sign(code, told, mark["by"], timezone.localdate(at))


@transaction.atomic
def mark(client: Client, indicator: str, on_target: bool | None, *, by: User) -> str:
    """Note what the agent saw, None where nobody knows it any more; return the client's letter.

    Raises KeyError for an indicator that the book tells. Marked as it stands already, nothing is written.
    """
    column = MARKED[indicator]
    locked = Client.objects.select_for_update().get(pk=client.pk)
    if _known_of(locked)[indicator] is on_target:
        return locked.attention
    Known.objects.update_or_create(client=locked, defaults={column: on_target})
    Mark.objects.create(client=locked, indicator=indicator, on_target=on_target, by=by)
    letter = _letter_now(locked, {f"{indicator}_ok": on_target})
    Client.objects.filter(pk=locked.pk).exclude(attention=letter).update(attention=letter)
    AuditEntry.record(by, AuditEntry.Action.UPDATE, locked, fields=[column])
    client.attention = letter
    return letter


def _letter_now(client: Client, marked: dict[str, Any]) -> str:
    """Write the mark into the latest month as well, so that table and badge say the same."""
    row = ClientClass.latest_of(client).first()
    if row is None:
        return letter_of(_known_of(client).values())
    for name, on_target in marked.items():
        setattr(row, name, on_target)
    row.attention = letter_of(row.indicators.values())
    row.save(update_fields=[*marked, "attention"])
    return row.attention
