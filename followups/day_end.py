"""What a day of an agent came to, as the records say, and the summary drafted from it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from clients.models import Client, Contact
from followups.agenda import service_of
from followups.models import FollowUp
from lib.templatetags.ui import day as day_in_words
from lib.templatetags.ui import money
from policies.promises import Promise

NAMED = 8  # so many are named in a draft, the others counted


@dataclass(frozen=True)
class DayFacts:
    """What was recorded of one agent on one day, as far as the reader may see it."""

    day: date
    contacts: list[Contact]  # with their clients, in the order of the day
    done: int
    missed: list[FollowUp]
    promised: list[Promise]

    @cached_property
    def entries(self) -> list[Contact]:
        """A visit to a household is one entry, however many of its clients were there."""
        return [one for one in self.contacts if one.entry_id is None]

    @property
    def channels(self) -> list[tuple[str, int]]:
        return _counted(one.get_channel_display() for one in self.entries)

    @property
    def outcomes(self) -> list[tuple[str, int]]:
        return _counted(one.get_outcome_display() for one in self.entries)

    @property
    def recorded(self) -> bool:
        """Whether somebody who was met or called is told of in words; see `standard`."""
        spoken = (Contact.Channel.VISIT, Contact.Channel.CALL)
        told = (one for one in self.entries if one.channel in spoken and one.note.strip())
        return any(one.outcome not in Contact.UNREACHED for one in told)

    @property
    def met(self) -> list[Contact]:
        """Visits on which somebody was there."""
        visits = (one for one in self.entries if one.channel == Contact.Channel.VISIT)
        return [one for one in visits if one.outcome not in Contact.UNREACHED]


def facts_of(reader: User, agent: User, day: date) -> DayFacts:
    """Four queries, whatever the day held."""
    seen = Contact.objects.visible_to(reader).filter(by=agent, on=day, undone_at=None)
    rows = FollowUp.objects.visible_to(reader)
    over = Q(status__in=[FollowUp.Status.OPEN, FollowUp.Status.MISSED], keep_until=day)
    missed = rows.filter(over, client__agent=agent).select_related(
        "client", "policy__product", "planned"
    )
    words = Promise.objects.visible_to(reader).promises().filter(by=agent, made_on=day)
    return DayFacts(
        day,
        sorted(seen.select_related("client"), key=lambda one: (one.moment, one.pk)),
        rows.filter(status=FollowUp.Status.DONE, done_by=agent, done_on=day).count(),
        list(missed.order_by("priority", "pk")),
        list(
            words.filter(replaced_on=None)
            .select_related("policy__holder")
            .order_by("promised_on", "pk")
        ),
    )


def draft(facts: DayFacts) -> dict[str, Any]:
    """The log as the records would write it; the agent changes what they know better."""
    lines = [_done(facts), _outcomes(facts), _promised(facts), _missed(facts)]
    return {
        "summary": "\n".join(filter(None, lines)),
        "best": _best(facts),
        "prospects": _names(
            one.client.name for one in facts.met if one.client.client_class == Client.Class.DEVELOP
        ),
    }


def _done(facts: DayFacts) -> str:
    done = ngettext("%(n)s item done", "%(n)s items done", facts.done) % {"n": facts.done}
    return f"{done}: {_listed(facts.channels)}" if facts.channels else done


def _outcomes(facts: DayFacts) -> str:
    return _("Outcomes: %(list)s") % {"list": _listed(facts.outcomes)} if facts.entries else ""


def _promised(facts: DayFacts) -> str:
    words = [
        f"{word.policy.holder.name} {day_in_words(word.promised_on)} {money(word.amount)}"
        for word in facts.promised
    ]
    return _("Promised: %(list)s") % {"list": _names(words)} if words else ""


def _missed(facts: DayFacts) -> str:
    words = [f"{row.client.name} {service_of(row)}" for row in facts.missed]
    return _("Not done in time: %(list)s") % {"list": _names(words)} if words else ""


def _best(facts: DayFacts) -> str:
    """Whoever there is most to tell about: those met first, then those spoken to."""
    spoken = [one for one in facts.entries if one.channel == Contact.Channel.CALL]
    told = [one for one in facts.met if one.note] or [one for one in spoken if one.note]
    best = max(told, key=lambda one: len(one.note), default=None)
    return f"{best.client.name}: {best.note}" if best else ""


def _counted(words: Iterable[str]) -> list[tuple[str, int]]:
    return Counter(map(str, words)).most_common()


def _listed(counted: list[tuple[str, int]]) -> str:
    return _(", ").join(f"{word} {n}" for word, n in counted)


def _names(words: Iterable[str]) -> str:
    every = list(dict.fromkeys(words))
    more = len(every) - NAMED
    further = [ngettext("%(n)s more", "%(n)s more", more) % {"n": more}] if more > 0 else []
    return _("; ").join([*every[:NAMED], *further])
