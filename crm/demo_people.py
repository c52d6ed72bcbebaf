"""The demo's people: households, families, dates in both calendars, cards half filled, what happened in lives."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from clients.kinship import Kin, read
from clients.models import Client, FamilyMember, InfoCard, KeyDate, LifeEvent
from clients.yearly import Calendar
from lib import dates, lunar
from policies.households import derive_households
from policies.models import Policy

GIRLS, BOYS = ("一诺", "欣怡", "子涵", "可欣"), ("浩宇", "子轩", "明哲", "嘉豪")
FACTS: dict[str, tuple[str, ...]] = {
    "employer": ("西湖区第一小学", "市第二人民医院", "浙江文澜印务", "自营建材店", "东方通信"),
    "position": ("教师", "护士长", "车间主任", "店主", "项目经理"),
    "hobbies": ("摄影", "养花", "钓鱼", "做饭", "下棋"),
    "sports": ("跑步", "羽毛球", "太极", "骑车"),
    "reading": ("历史", "育儿", "财经新闻", "武侠小说"),
    "competitors": ("单位有团体医疗", "他司重疾一份，保额不清楚"),
    "gifts": ("2025 年中秋 月饼一盒", "2026 年台历"),
    "taboos": ("吃素", "不喜欢在单位谈保险"),
}
CHOSEN = ("marital", "visit_time", "personality", "attitude")
EVENTS = (
    (LifeEvent.Kind.BIRTH, "二宝，母子平安"),
    (LifeEvent.Kind.MOVE, "搬到滨江，新地址还没登记"),
    (LifeEvent.Kind.BEREAVEMENT, "父亲病故"),
    (LifeEvent.Kind.ILLNESS, "住院做小手术"),
    (LifeEvent.Kind.JOB, "升任主任"),
    (LifeEvent.Kind.RETIREMENT, "单位办了欢送会"),
)


def surround(people: Sequence[Client], seed: int, today: date) -> None:
    """Give every client what their agent would have found out by now. Policies are written before."""
    rng = Random(seed + 7)
    policies = list(Policy.objects.filter(holder__in=people).order_by("pk"))
    _rank(people, policies)
    insured: dict[int, list[tuple[str, str]]] = {}
    for policy in policies:
        insured.setdefault(policy.holder_id, []).append((policy.insured_name, policy.relation))
    family = [
        member
        for person in people[::2]
        for member in _family(person, insured.get(person.pk, []), rng, today)
    ]
    FamilyMember.objects.bulk_create(family, batch_size=2000)
    kept = [row for person in people[::3] for row in _dates(person, rng, today)]
    KeyDate.objects.bulk_create(kept, batch_size=2000)
    InfoCard.objects.bulk_create([_card(person, rng) for person in people[::2]], batch_size=2000)
    _check_papers(people, rng, today)
    for person, (kind, note) in zip(people[4::11], EVENTS, strict=False):
        on = today - timedelta(days=rng.randrange(0, 4))
        if person.agent:
            LifeEvent.record(person, kind, on=on, note=note, by=person.agent)
    derive_households()


def live_together(people: Sequence[Client], seed: int, today: date) -> None:
    """Every ninth client lives with the next one of the same agent: a spouse, or a grown child."""
    rng = Random(seed + 5)
    by_agent: dict[int | None, list[Client]] = {}
    for person in people:
        by_agent.setdefault(person.agent_id, []).append(person)
    moved = []
    for clients in by_agent.values():
        for one, other in zip(clients[::9], clients[1::9], strict=False):
            other.address = one.address = (
                f"{one.address} {rng.randrange(1, 9)} 幢 {rng.randrange(101, 999)}"
            )
            other.name = one.name[0] + other.name[1:]
            other.derive(today)
            moved += [one, other]
    fields = ["address", "name", "pinyin", "initials"]
    Client.objects.bulk_update(moved, fields, batch_size=1000)


def _rank(people: Sequence[Client], policies: Sequence[Policy]) -> None:
    """The fifth of each agent's clients who pay most, as the classification will find them."""
    pays: dict[int, Decimal] = {}
    for policy in policies:
        pays[policy.holder_id] = pays.get(policy.holder_id, Decimal(0)) + policy.annualised_premium
    for agent in {person.agent_id for person in people}:
        own = [person for person in people if person.agent_id == agent]
        own.sort(key=lambda person: pays.get(person.pk, Decimal(0)), reverse=True)
        for n, person in enumerate(own[: len(own) // 5]):
            person.tier = "key" if n < len(own) // 25 else "important"
    Client.objects.bulk_update(people, ["tier"], batch_size=1000)


def _family(
    person: Client, insured: list[tuple[str, str]], rng: Random, today: date
) -> Iterator[FamilyMember]:
    """Whom the policies insure, with birthdays now; and a child or a parent besides."""
    seen: set[str] = set()
    for name, words in insured:
        relation = read(words)
        if relation and name not in {person.name, *seen} and rng.random() < 0.6:
            seen.add(name)
            yield _born(person, relation.kin, name, relation.gender, rng, today)
    if rng.random() < 0.5:
        girl = rng.random() < 0.5
        name = person.name[0] + rng.choice(GIRLS if girl else BOYS)
        if name not in seen:
            yield _born(person, Kin.CHILD, name, "f" if girl else "m", rng, today)
    if rng.random() < 0.2:
        yield _born(person, Kin.PARENT, "", "f", rng, today)


def _born(  # noqa: PLR0917
    person: Client, kin: Kin, name: str, gender: str, rng: Random, today: date
) -> FamilyMember:
    own = person.birth_on or date(1980, 1, 1)
    age = {Kin.CHILD: 27, Kin.PARENT: -26}.get(kin, 1)
    on = today if rng.random() < 0.04 else date(own.year, 1, 1) + timedelta(days=rng.randrange(365))
    born = min(dates.birthday_in(own.year + age, on.month, on.day), today - timedelta(days=30))
    row = FamilyMember(client=person, kin=kin, name=name, gender=gender)
    _keep(row, born, is_lunar=kin == Kin.PARENT or rng.random() < 0.2)
    row.derive(today)
    return row


def _keep(row: FamilyMember | KeyDate, on: date, *, is_lunar: bool) -> None:
    row.year, row.month, row.day = on.year, on.month, on.day
    if is_lunar:
        found = lunar.to_lunar(on)
        row.calendar = Calendar.LUNAR
        row.year, row.month, row.day, row.leap = found


def _dates(person: Client, rng: Random, today: date) -> Iterator[KeyDate]:
    near = today + timedelta(days=rng.choice((0, 3, 9, 20, 45, 80, 120, 200, 300)))
    wedding = KeyDate(client=person, kind=KeyDate.Kind.WEDDING)
    _keep(wedding, dates.add_years(near, -rng.randrange(1, 30)), is_lunar=rng.random() < 0.2)
    wedding.next_on = wedding.comes_on(today)
    yield wedding
    if rng.random() < 0.15:
        own = KeyDate(client=person, kind=KeyDate.Kind.OWN, label="孩子开学", month=9, day=1)
        own.next_on = own.comes_on(today)
        yield own


def _card(person: Client, rng: Random) -> InfoCard:
    """A few facts each: nobody knows everything of anybody."""
    card = InfoCard(client=person)
    for name in CHOSEN:
        choices = [value for value in _values(name) if value]
        if rng.random() < 0.45:
            setattr(card, name, rng.choice(choices))
    for name, words in FACTS.items():
        if rng.random() < 0.25:
            setattr(card, name, rng.choice(words))
    if card.visit_time and rng.random() < 0.6:
        card.ask_first = rng.random() < 0.7
    return card


def _values(name: str) -> list[str]:
    return [value for value, _label in InfoCard._meta.get_field(name).flatchoices]  # type: ignore[union-attr]


def _check_papers(people: Sequence[Client], rng: Random, today: date) -> None:
    """IDs that run out over the years, data checked now and then, a number that turned out wrong."""
    for n, person in enumerate(people):
        person.id_valid_to = today + timedelta(days=rng.choice((7, 60, 300, 900, 2500, 5000)))
        person.verified_on = today - timedelta(days=rng.randrange(5, 400))
        person.contact_invalid_on = today if n % 90 == 31 else None
    fields = ["id_valid_to", "verified_on", "contact_invalid_on"]
    Client.objects.bulk_update(people, fields, batch_size=1000)
