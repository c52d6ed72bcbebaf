"""What the agents of the demo have put down themselves: a few tasks each, and what the plan leaves to them."""

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random

from accounts.models import User
from clients.models import Client
from followups import planning
from followups.models import Planned, ServiceItem

Every = Planned.Every
# What, from how many days on, and how often.
TASKS = (
    ("还上次借的雨伞", 0, Every.ONCE, None),
    ("送社区义诊的号", 3, Every.ONCE, None),
    ("周末约打羽毛球", 2, Every.WEEK, None),
    ("看望住院的母亲", 5, Every.DAYS, 10),
    ("送新一期理财月刊", 9, Every.MONTH, None),
    ("体检报告解读", 20, Every.YEAR, None),
)


def tell(rng: Random, agents: Iterable[User], today: date) -> None:
    for agent in agents:
        own = list(Client.objects.contactable().filter(agent=agent).order_by("pk"))
        if not own:
            continue
        for words, days, every, n in rng.sample(TASKS, 4):
            first_on = today + timedelta(days=days)
            task = Planned(client=rng.choice(own), by=agent, words=words, first_on=first_on)
            task.every, task.days = every, n
            planning.put_down(task, today=today)
        for client in own[::9]:
            _recommend(client, agent, today + timedelta(days=rng.randrange(4, 40)), today)


def _recommend(client: Client, agent: User, on: date, today: date) -> None:
    """Where the plan says that it may be done, some have a day for it."""
    item = ServiceItem.TAILORED
    if planning.levels_for(client).get(item) == "may":
        planning.put_down(Planned(client=client, by=agent, item=item, first_on=on), today=today)
