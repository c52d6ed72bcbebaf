"""The demo branch's festivals: one is never far, some clients are greeted, cards leave the shelf."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from accounts.models import User
from followups import greetings
from followups.festivals import Festival, coming
from followups.greeting_words import words_for
from followups.greetings import Greeting
from followups.stock import StockItem
from followups.texts import BIRTHDAY, Text

SHELF = (
    ("生肖贺卡", StockItem.Kind.CARD, "2.80", 400, 50),
    ("节日慰问信", StockItem.Kind.LETTER, "1.20", 200, 40),
    ("节令香囊", StockItem.Kind.GIFT, "9.90", 120, 30),
    ("定制台历", StockItem.Kind.GIFT, "18.00", 12, 20),
)
OWN_BIRTHDAY = "{称呼}，生日快乐！愿您新的一岁平安喜乐、身体健康，家人和美。{客户经理}"
WORKED_BY = 6  # agents who are told of one by one


class Season:
    """The greetings of the last days, told through the same verbs that people use."""

    def __init__(self, seed: int, today: date, agents: Sequence[User], *, desk: User) -> None:
        self.rng, self.today, self.agents = Random(seed), today, agents[:WORKED_BY]
        self.desk = desk

    def begin(self) -> None:
        """A festival that everybody is greeted on, within its days; a full shelf; a text of the office."""
        everybody = Festival.ForWhom.ALL
        near = coming(self.today, self.today + timedelta(days=5))
        if not any(f.for_whom == everybody and (on - self.today).days <= f.lead for on, f in near):
            day = self.today + timedelta(days=3)
            Festival.objects.create(
                name="客户服务节",
                name_en="Clients' Day",
                kind=Festival.Kind.SOLAR,
                month=day.month,
                day=min(day.day, 28) if day.month == 2 else day.day,
            )
        before = self.today - timedelta(days=20)
        for name, kind, cost, n, reorder_at in SHELF:
            item = StockItem.objects.create(
                name=name, kind=kind, unit_cost=Decimal(cost), reorder_at=reorder_at
            )
            item.receive(n, by=self.desk, on=before, note="年度采购")
        Text(occasion=BIRTHDAY, words=OWN_BIRTHDAY).put_in_force(self.desk)

    def tell(self, day: date, share: float) -> None:
        """Let each agent greet a part of those who are left."""
        items = {item.kind: item for item in StockItem.objects.order_by("-in_hand")}
        for agent in self.agents:
            left = Greeting.objects.open().running(day).filter(client__agent=agent)
            for greeting in left.for_list():
                if self.rng.random() < share:
                    self._greet(greeting, agent, day, items)

    def _greet(
        self, greeting: Greeting, agent: User, day: date, items: dict[str, StockItem]
    ) -> None:
        lot = self.rng.random()
        if lot < 0.12:
            greetings.skip(greeting, by=agent, on=day, why=self.rng.choice(Greeting.Why.values))
            return
        channel = "card" if lot < 0.25 else "gift" if lot < 0.3 else "wechat"
        words = words_for(greeting, [], agent, channel)
        item = items.get(channel)
        greetings.send(greeting, by=agent, on=day, channel=channel, words=words, item=item)
