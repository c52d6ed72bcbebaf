"""What agents found out about their clients, and three months of classes that follow from it."""

from datetime import date, datetime, time, timedelta
from random import Random

from django.db.models import DateTimeField, OuterRef, Subquery
from django.db.models.functions import Cast
from django.utils import timezone

from clients.models import Client, Contact, Moved
from lib import dates
from policies.classification import classify
from policies.known import MARKED
from policies.models import ClassOverride, Known, Mark

SOURCES = (
    *(Client.Source.REFERRAL,) * 4,
    *(Client.Source.OWN,) * 3,
    *(Client.Source.ACQUAINTANCE,) * 3,
    *(Client.Source.IMPORT,) * 3,
    Client.Source.ORPHAN,
    Client.Source.WALK_IN,
)
OFF = {"awareness": 0.3, "satisfaction": 0.2, "means": 0.25}  # how often an indicator is off target
HEALED = 0.6  # how often it is on target again when somebody comes a second time


def tell(rng: Random, people: list[Client], today: date) -> None:
    """Let the office get to know its clients, month by month, and classify each month."""
    _sources(rng, people)
    _incomes(rng, people)
    _talked(rng, people, today)
    this = today.replace(day=1)
    for back in (2, 1, 0):
        month = dates.add_months(this, -back)
        _visited(rng, people, share=0.5 if back == 2 else 0.2, month=month)
        _moved(rng, people, month)
        classify(month, today)
    _by_hand(rng, people, today)


def _sources(rng: Random, people: list[Client]) -> None:
    for client in people:
        client.source = rng.choice(SOURCES)
    Client.objects.bulk_update(people, ["source"], batch_size=2000)


def _incomes(rng: Random, people: list[Client]) -> None:
    Known.objects.bulk_create(
        Known(
            client=client,
            income=rng.randrange(6, 40) * 10_000 if rng.random() < 0.4 else None,
            referred=rng.random() < 0.2 or None,
        )
        for client in people
    )


def _talked(rng: Random, people: list[Client], today: date) -> None:
    """With every third client somebody spoke often in the last year."""
    made = Contact.objects.bulk_create(
        Contact(
            client=client,
            by=client.agent,
            on=today - timedelta(days=rng.randrange(12, 400)),
            channel=rng.choice((Contact.Channel.CALL, Contact.Channel.VISIT)),
        )
        for client in people
        if client.agent and rng.random() < 0.35
        for _ in range(rng.randrange(4, 12))
    )
    spoken = Contact.objects.filter(pk__in=[contact.pk for contact in made])
    spoken.update(at=Cast("on", DateTimeField()) + timedelta(hours=4))  # at noon, by their clock
    last = Contact.objects.filter(client=OuterRef("pk")).order_by("-on").values("on")[:1]
    Client.objects.filter(last_contact_on=None).update(last_contact_on=Subquery(last))


def _visited(rng: Random, people: list[Client], *, share: float, month: date) -> None:
    """After some of the visits of a month its three indicators are marked."""
    known = Known.objects.in_bulk([client.pk for client in people])
    visited = [client for client in people if client.agent_id and rng.random() < share]
    marks = []
    for client in visited:
        for indicator, off in OFF.items():
            was_off = getattr(known[client.pk], MARKED[indicator]) is False
            on_target = rng.random() >= (1 - HEALED if was_off else off)
            setattr(known[client.pk], MARKED[indicator], on_target)
            marks.append(
                Mark(client=client, indicator=indicator, on_target=on_target, by=client.agent)
            )
    last = Mark.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    Mark.objects.bulk_create(marks, batch_size=2000)
    noon = timezone.make_aware(datetime.combine(dates.add_months(month, -1), time(12)))
    Mark.objects.filter(pk__gt=last).update(at=noon)
    Known.objects.bulk_update(known.values(), MARKED.values(), batch_size=2000)


def _moved(rng: Random, people: list[Client], month: date) -> None:
    before = dates.add_months(month, -1)
    Moved.objects.bulk_create(
        Moved(client=client, what=rng.choice(Moved.What.values), on=before)
        for client in people
        if rng.random() < 0.04
    )


def _by_hand(rng: Random, people: list[Client], today: date) -> None:
    reasons = ("二孩出生，谈教育金", "今年不谈销售，先处理理赔", "换了工作，收入明显增加")
    served = [(client, client.agent) for client in people if client.agent is not None]
    few = rng.sample(served, min(len(reasons), len(served)))
    for (client, agent), reason in zip(few, reasons, strict=False):
        wanted = Client.Class.MAINTAIN if "不谈" in reason else Client.Class.DEVELOP
        until = dates.add_months(today, 3)
        ClassOverride.put(client, wanted, by=agent, reason=reason, until=until)
