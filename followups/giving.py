"""Giving matters to another agent: whoever is to do them must see the clients, so the clients go along.

A follow-up belongs to whoever serves its client; a stand-in for a single item would see a task and neither
the policies nor the family behind it. The household at the address goes too: it is met together.
"""

from collections.abc import Collection

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, Role, User
from accounts.scope import agents_seen_by
from clients.models import Client, ClientQuerySet
from followups.refusal import Refused
from lib import dates


def receivers(leader: User, clients: Collection[Client]) -> list[User]:
    """The agents to whom the leader may give the clients; not whoever serves all of them already."""
    agents = agents_seen_by(leader).filter(role=Role.AGENT, is_active=True)
    serving = {client.agent_id for client in clients}
    ordered = agents.select_related("team").order_by("team__path", "staff_no")
    return [agent for agent in ordered if serving != {agent.pk}]


def going(leader: User, clients: Collection[Client]) -> ClientQuerySet:
    """The clients, and whoever lives with one of them and is served by the same agent."""
    wanted = Q(pk__in=[client.pk for client in clients])
    for client in clients:
        if client.household_id:
            wanted |= Q(household=client.household_id, agent=client.agent_id)
    seen: ClientQuerySet = Client.objects.visible_to(leader).filter(wanted)
    return seen


@transaction.atomic
def give(clients: Collection[Client], to: User, *, by: User, reason: str) -> int:
    """Move the clients with all open work; return how many went. A leader's verb; recorded."""
    if not by.oversees:
        raise PermissionDenied
    if to not in receivers(by, clients):
        raise Refused(_("Choose an active agent whom you lead."))
    others = going(by, clients).exclude(agent=to)
    rows = list(others.select_for_update(of=("self",)).order_by("pk"))
    for one in rows:
        AuditEntry.record(
            by, AuditEntry.Action.UPDATE, one,
            agent_before=one.agent_id, agent=to.pk, reason=reason[:200],
        )  # fmt: skip
    moved = Client.objects.filter(pk__in=[one.pk for one in rows])
    moved.update(agent=to, handed_over_on=dates.today())
    return len(rows)
