"""Who would get which clients: the plan of a handover, before anybody moves."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import Count, Q

from accounts.models import Role, User
from accounts.scope import agents_seen_by
from clients.models import Client, ClientQuerySet
from clients.splitting import Home, load_of, split
from lib import places
from policies.models import Policy


@dataclass(frozen=True)
class Allotment:
    """What one receiver would get."""

    agent: User
    homes: list[Home]
    before: int  # clients they serve already

    @property
    def clients(self) -> list[int]:
        return [client for home in self.homes for client in home.clients]

    @property
    def load(self) -> int:
        return load_of(self.homes)

    @property
    def areas(self) -> list[tuple[str, int]]:
        """Where the clients live, and how many of them; most first."""
        counted: Counter[str] = Counter()
        for home in self.homes:
            counted[home.area] += len(home.clients)
        return sorted(counted.items(), key=lambda area: (-area[1], area[0]))


@dataclass(frozen=True)
class Plan:
    allotments: list[Allotment]

    @property
    def shares(self) -> dict[int, list[int]]:
        return {one.agent.pk: one.clients for one in self.allotments}

    @property
    def homes(self) -> int:
        return sum(len(one.homes) for one in self.allotments)

    @property
    def clients(self) -> int:
        return sum(len(one.clients) for one in self.allotments)

    @property
    def load(self) -> int:
        return sum(one.load for one in self.allotments)

    @property
    def fullest(self) -> int:
        return max(one.load for one in self.allotments)

    def of(self, agent: str) -> Allotment | None:
        return next((one for one in self.allotments if str(one.agent.pk) == agent), None)

    def moved(self, moves: Mapping[int, int]) -> "Plan":
        """The plan with single homes given to somebody else among the receivers.

        `moves` name a home by its first client, and the receiver.
        """
        known = {one.agent.pk for one in self.allotments}
        shares: dict[int, list[Home]] = {pk: [] for pk in known}
        for one in self.allotments:
            for home in one.homes:
                to = moves.get(home.clients[0], one.agent.pk)
                shares[to if to in known else one.agent.pk].append(home)
        return Plan([replace(one, homes=shares[one.agent.pk]) for one in self.allotments])

    @property
    def mark(self) -> str:
        """The same plan has the same mark: what was confirmed is what was looked at."""
        said = sorted((to, sorted(clients)) for to, clients in self.shares.items())
        return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def leavers(leader: User) -> list[User]:
    """Who serves clients now and may hand them over, also when they are no longer active."""
    serving = agents_seen_by(leader).filter(clients__isnull=False).distinct()
    return list(serving.select_related("team").order_by("team__path", "staff_no"))


def receivers(leader: User) -> list[User]:
    agents = agents_seen_by(leader).filter(role=Role.AGENT, is_active=True)
    return list(agents.select_related("team").order_by("team__path", "staff_no"))


def areas_of(clients: ClientQuerySet) -> dict[int, str]:
    """The district in which each client lives, as far as the address says it."""
    rows = list(clients.order_by("pk").values_list("pk", "address"))
    found = places.read_all([address for _pk, address in rows])
    return {
        pk: " ".join(word for word in (place.city, place.district) if word)
        for (pk, _address), place in zip(rows, found, strict=True)
    }


def plan(
    clients: ClientQuerySet, areas: dict[int, str], to: Sequence[User], *, by_area: bool = True
) -> Plan:
    """Split the clients: their homes stay whole, and each receiver gets about as many policies."""
    alive = Count("policies", filter=Q(policies__status__in=Policy.ALIVE))
    rows = clients.order_by("pk").annotate(load=alive).values_list("pk", "household", "load")
    homes: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for pk, household, load in rows:
        key = ("home", household) if household else ("alone", pk)
        homes.setdefault(key, []).append((pk, max(load, 1)))
    shares = split(
        [_home(members, areas if by_area else {}) for members in homes.values()],
        [agent.pk for agent in to],
    )
    served = dict(
        Client.objects.filter(agent__in=to).order_by().values_list("agent").annotate(n=Count("pk"))
    )
    return Plan([Allotment(agent, shares[agent.pk], served.get(agent.pk, 0)) for agent in to])


def _home(members: list[tuple[int, int]], areas: dict[int, str]) -> Home:
    clients = tuple(pk for pk, _load in members)
    return Home(clients, sum(load for _pk, load in members), areas.get(clients[0], ""))
