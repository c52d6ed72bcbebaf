"""What an agent's work comes to by day, added up in advance by the statements that change it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Sum
from django.db.models.functions import Least
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.scope import ScopedQuerySet
from followups.added_up import AGENT, AddedUp

ONE_DAY = timedelta(days=1)


@dataclass
class Work:
    """Of one agent, over a few days that end today: done, unfinished, and what is overdue today."""

    done: dict[date, int] = field(default_factory=dict)
    unfinished: dict[date, int] = field(default_factory=dict)
    overdue: int = 0

    def on(self, day: date) -> tuple[int, int]:
        return self.done.get(day, 0), self.unfinished.get(day, 0)


NOTHING = Work()


class AgentWorkQuerySet(ScopedQuerySet["AgentWork"]):
    agent_field = "agent"


class AgentWork(AddedUp, models.Model):
    """A part of the sums of an agent and day: as many rows as there were statements, until packed.

    Since what ends on a day or later and does not begin after it stands on the list of the day, an agent's
    unfinished work of a day is the sum of `until` from that day on, less the sum of `since` after it.
    """

    agent = models.ForeignKey(
        User, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    on = models.DateField(_("day"))
    open_since = models.IntegerField(default=0)  # open, and on the list from this day
    open_until = models.IntegerField(default=0)  # open, and worth doing until this day
    missed_since = models.IntegerField(default=0)
    missed_until = models.IntegerField(default=0)
    done = models.IntegerField(default=0)

    KEYS = ("agent_id", "on")
    SUMS = ("open_since", "open_until", "missed_since", "missed_until", "done")
    COUNTED = f"""
        SELECT {AGENT} AS agent_id, d."on",
            count(*) FILTER (WHERE status = 'open' AND what = 'since') AS open_since,
            count(*) FILTER (WHERE status = 'open' AND what = 'until') AS open_until,
            count(*) FILTER (WHERE status = 'missed' AND what = 'since') AS missed_since,
            count(*) FILTER (WHERE status = 'missed' AND what = 'until') AS missed_until,
            count(*) FILTER (WHERE status = 'done') AS done
        FROM followups_followup f JOIN clients_client c ON c.id = f.client_id,
            LATERAL (VALUES (list_on, 'since'), (keep_until, 'until'), (done_on, 'done')) AS d ("on", what)
        WHERE status IN ('open', 'missed', 'done') AND (status = 'done') = (what = 'done')
            AND {AGENT} IS NOT NULL AND d."on" BETWEEN %(first)s AND %(last)s
        GROUP BY 1, 2
    """  # noqa: S608 - nothing in it comes from outside

    objects = AgentWorkQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["agent", "on"], name="agent_work_of_an_agent"),
            models.Index(fields=["on"], name="agent_work_of_a_day"),
        )

    def __str__(self) -> str:
        return f"{self.agent_id} {self.on}"


def work_of(reader: User, agents: Any, first: date, today: date) -> dict[int, Work]:
    """The work of each agent on the days `first..today`: one query, with all that lies ahead in one row."""
    rows = AgentWork.objects.visible_to(reader).filter(agent__in=agents, on__gte=first).order_by()
    summed = rows.values_list("agent", Least("on", today + ONE_DAY)).annotate(
        finished=Sum("done"),
        begins=Sum(F("open_since") + F("missed_since")),
        ends=Sum(F("open_until") + F("missed_until")),
        still_open=Sum(F("open_until") - F("open_since")),
    )
    days: dict[int, dict[date, Sums]] = defaultdict(dict)
    for agent, on, *sums in summed:
        days[agent][on] = tuple(sums)
    return {agent: _work(own, first, today) for agent, own in days.items()}


Sums = tuple[int, ...]  # done, begins, ends, what ends less what begins of the open


def _work(days: Mapping[date, Sums], first: date, today: date) -> Work:
    """From the furthest day back, since nothing ends before it begins."""
    work, ahead, on = Work(), 0, today + ONE_DAY
    while on >= first:
        done, begins, ends, still_open = days.get(on, (0, 0, 0, 0))
        work.done[on], work.unfinished[on] = done, ahead + ends
        work.overdue += still_open if on >= today else 0
        ahead += ends - begins
        on -= ONE_DAY
    return work
