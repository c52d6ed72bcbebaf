"""What was found out about a client is taken down where it belongs, from whichever form it comes."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from accounts.models import AuditEntry, User
from clients.card import InfoCard
from clients.key_dates import keep_career_day
from clients.models import Client
from followups.card_questions import BY_FACT, band_of, income_of
from policies.models import Known


def take_down(client: Client, fact: str, said: str, *, by: User) -> None:
    """Put one answer on the card; call inside a transaction. What is no answer is passed over."""
    question = BY_FACT.get(fact)
    said = said.strip()
    if question is None or not said or (question.choices and said not in dict(question.choices)):
        return
    if fact == "income":
        earn(client, income_of(said))
    else:
        _write(client, fact, said)
    AuditEntry.record(by, AuditEntry.Action.UPDATE, client, part="infocard", fields=[fact])


def _write(client: Client, fact: str, said: str) -> None:
    card = InfoCard.of(client)
    longest = getattr(InfoCard._meta.get_field(fact), "max_length", None)
    setattr(card, fact, said == "true" if fact == "ask_first" else said[:longest])
    card.version += card.pk is not None
    card.save()
    if fact == "profession":
        keep_career_day(client, said)


def earn(client: Client, income: Decimal | None) -> None:
    """A band is only a way to ask: a sum that lies in it already stays as it is."""
    known = Known.objects.filter(pk=client.pk).first()
    if known is None or band_of(known.income) != band_of(income):
        Known.objects.update_or_create(client=client, defaults={"income": income})


def ask_later(client: Client, fact: str, today: date) -> None:
    if fact in BY_FACT:
        InfoCard.of(client).ask_later(fact, today)


def from_the_log(sent: Mapping[str, str], client: Client, *, by: User) -> None:
    """The question that stands at the end of the sheet in which a contact is logged."""
    take_down(client, sent.get("card_question", ""), sent.get("card_answer", ""), by=by)
