"""Giving one matter to another agent: whoever is to do it must see the client, so the client goes along.

A follow-up belongs to whoever serves its client; a stand-in for a single item would see a task and neither
the policies nor the family behind it. The household at the address goes too: it is met together.
"""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import AuditEntry, Role, User
from accounts.scope import agents_seen_by
from clients.models import Client, ClientQuerySet
from followups.refusal import Refused
from lib import dates


def receivers(leader: User, client: Client) -> "list[User]":
    """The agents to whom the leader may give the client."""
    agents = agents_seen_by(leader).filter(role=Role.AGENT, is_active=True)
    return list(
        agents.exclude(pk=client.agent_id or 0)
        .select_related("team")
        .order_by("team__path", "staff_no")
    )


def going(leader: User, client: Client) -> ClientQuerySet:
    """The client, and whoever lives with them and is served by the same agent."""
    seen: ClientQuerySet = Client.objects.visible_to(leader)
    if not client.household_id:
        return seen.filter(pk=client.pk)
    return seen.filter(household=client.household_id, agent=client.agent_id)


@transaction.atomic
def give(client: Client, to: User, *, by: User, reason: str) -> int:
    """Move the client with all open work; return how many clients went. A leader's verb; recorded."""
    if not by.oversees:
        raise PermissionDenied
    if to not in receivers(by, client):
        raise Refused(_("Choose an active agent whom you lead."))
    rows = list(going(by, client).select_for_update(of=("self",)).order_by("pk"))
    for one in rows:
        AuditEntry.record(
            by, AuditEntry.Action.UPDATE, one,
            agent_before=one.agent_id, agent=to.pk, reason=reason[:200],
        )  # fmt: skip
    moved = Client.objects.filter(pk__in=[one.pk for one in rows])
    moved.update(agent=to, handed_over_on=dates.today())
    return len(rows)
