"""A believable branch, so that a newcomer finds a full day: people, policies in every stage, ten days of work."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.models import Role, Team, User
from clients.models import Client, Contact
from crm import (
    demo_care,
    demo_classes,
    demo_handover,
    demo_leading,
    demo_people,
    demo_plan,
    demo_records,
)
from crm import demo_money as money
from crm.demo_greetings import Season
from followups import daily
from followups.models import FollowUp
from lib import dates, identity
from policies.models import Instalment, Insurer, Policy, Product

PASSWORD = "evergreen-2026"  # noqa: S105 - the demo's, printed at every start
ACCOUNTS = [
    (_("Agent"), "A1001", PASSWORD),
    (_("Manager"), "M1001", PASSWORD),
    (_("Administrator"), "ADMIN", PASSWORD),
]
CLIENTS_PER_AGENT = 60
DAYS_OF_HISTORY = 10

SURNAMES = "陈林黄张李王吴刘徐孙周郑沈何赵谢罗唐韩冯邓许马高郭朱胡梁宋曾单任欧阳"[:-2]
GIVEN = (
    "志远海燕丽建平凯国强丽华文斌静雨桐国庆晓芸一鸣俊杰雅琴梦瑶思远佳慧立新敏子涵浩然嘉怡明轩欣妍"
)
STREETS = (
    "西湖区 文三路",
    "西湖区 古翠路",
    "拱墅区 湖墅南路",
    "上城区 解放路",
    "滨江区 江南大道",
    "余杭区 文一西路",
)
PAYS_OUT = {Product.Kind.ANNUITY, Product.Kind.ENDOWMENT}
RELATIONS = ("本人", "本人", "本人", "配偶", "子女", "父母")
BANKS = ("工商银行", "建设银行", "农业银行", "招商银行")


@dataclass(frozen=True)
class Plan:
    name: str
    kind: str
    mode: str
    premium: tuple[int, int]
    pay_years: int | None
    cover_years: int | None


PLANS = (
    Plan(
        "安心终身重疾", Product.Kind.CRITICAL_ILLNESS, Policy.Mode.YEARLY, (3000, 15000), 20, None
    ),
    Plan("守护定期寿险", Product.Kind.TERM, Policy.Mode.YEARLY, (1200, 6000), 20, 30),
    Plan("福满终身寿险", Product.Kind.WHOLE_LIFE, Policy.Mode.YEARLY, (5000, 80000), 10, None),
    Plan("悦享年金", Product.Kind.ANNUITY, Policy.Mode.YEARLY, (10000, 100000), 5, 15),
    Plan("启航教育金两全", Product.Kind.ENDOWMENT, Policy.Mode.HALF_YEARLY, (3000, 30000), 10, 15),
    Plan("月月安养老年金", Product.Kind.ANNUITY, Policy.Mode.MONTHLY, (500, 3000), 10, 20),
    Plan("综合意外", Product.Kind.ACCIDENT, Policy.Mode.SINGLE, (200, 900), None, 1),
    Plan("百万医疗", Product.Kind.MEDICAL, Policy.Mode.SINGLE, (300, 2000), None, 1),
)


@transaction.atomic
def load(*, clients: int, seed: int, today: date) -> int:
    """Make the branch; return how many clients it has. The same seed and day make the same branch."""
    rng = Random(seed)
    agents = _people(rng, max(clients // CLIENTS_PER_AGENT, 3))
    products = _products()
    people = _clients(rng, clients, agents, today)
    demo_people.live_together(people, seed, today)
    policies = [p for person in people for p in _policies(rng, person, products, today)]
    _number_and_save(policies)
    Instalment.objects.bulk_create(money.instalments(policies, rng, today), batch_size=2000)
    story = money.Story(rng, today, desk=User.objects.get(staff_no="ADMIN"))
    story.begin()
    demo_people.surround(people, seed, today)
    season = Season(seed, today, agents, desk=User.objects.get(staff_no="ADMIN"))
    season.begin()
    demo_care.tell(Random(seed), people, today)
    demo_classes.tell(Random(seed), people, today)
    for back in range(DAYS_OF_HISTORY, 0, -1):
        day = today - timedelta(days=back)
        story.tell(day)
        daily.write_day(day)
        _work_through(rng, day, agents)
    demo_handover.tell(agents, today)
    daily.write_again(today, today + timedelta(days=1))
    _work_through(rng, today, agents, share=0.25)
    season.tell(today, share=0.4)
    demo_care.say_no(Random(seed), people, today)
    demo_plan.tell(Random(seed + 1), agents, today)
    demo_leading.tell(Random(seed + 2), agents, today)
    demo_records.spell_twice(Random(seed + 3), people)
    return len(people)


def _people(rng: Random, agents: int) -> list[User]:
    branch = Team.objects.create(name="浙江省分公司", kind=Team.Kind.BRANCH)
    department = Team.objects.create(
        name="西湖营业部",
        kind=Team.Kind.DEPARTMENT,
        parent=branch,
        address="杭州市西湖区文三路 90 号",
    )
    groups = [
        Team.objects.create(name=name, parent=department) for name in ("西湖一部", "西湖三部")
    ]
    secret = make_password(PASSWORD)

    def person(staff_no: str, name: str, role: str, team: Team, **more: object) -> User:
        return User(staff_no=staff_no, name=name, role=role, team=team, password=secret, **more)

    leaders = [
        person("M1001", "周建国", Role.MANAGER, department),
        person("S1001", "许文静", Role.SUPERVISOR, groups[0]),
        person("ADMIN", "系统管理员", Role.ADMINISTRATOR, branch, is_staff=True, is_superuser=True),
        person("AUDIT", "审计员", Role.AUDITOR, branch),
    ]
    names = ["林晓芸", "赵一鸣", "何俊杰"] + [_name(rng) for _ in range(agents)]
    serving = [
        person(f"A{1001 + n}", names[n], Role.AGENT, groups[n % 2], mobile=f"139{n:08d}")
        for n in range(agents)
    ]
    User.objects.bulk_create([*leaders, *serving])
    return serving


def _name(rng: Random) -> str:
    return rng.choice(SURNAMES) + "".join(rng.choices(GIVEN, k=rng.choice((1, 2, 2))))


def _products() -> dict[str, Product]:
    insurer = Insurer.usual()
    made = [Product(insurer=insurer, name=plan.name, kind=plan.kind) for plan in PLANS]
    return {product.name: product for product in Product.objects.bulk_create(made)}


def _clients(rng: Random, count: int, agents: list[User], today: date) -> list[Client]:
    people = []
    for n in range(count):
        birth_on = _birth(rng, n, today)
        gender = rng.choice(Client.Gender.values)
        client = Client(
            name=_name(rng),
            gender=gender,
            birth_on=birth_on,
            agent=agents[n % len(agents)],
            birthday_calendar=Client.Calendar.LUNAR if n % 9 == 0 else Client.Calendar.SOLAR,
            id_number=_id_number(birth_on, n),
            mobile=f"13{rng.randrange(10**9):09d}",
            address=f"{rng.choice(STREETS)} {rng.randrange(1, 400)} 号",
            postcode="310012",
            client_class=rng.choice(["", "develop", "nurture", "maintain", "maintain"]),
        )
        client.derive(today)
        people.append(client)
    return Client.objects.bulk_create(people, batch_size=2000)


def _birth(rng: Random, n: int, today: date) -> date:
    year = today.year - rng.randrange(24, 72)
    if n % 40 == 0:  # somebody has a birthday today, somebody within the week
        near = today + timedelta(days=(n // 40) % 8)
        return dates.birthday_in(year, near.month, near.day)
    return date(year, 1, 1) + timedelta(days=rng.randrange(365))


def _id_number(birth_on: date, n: int) -> str:
    front = f"{330100 + n // 1000 % 100}{birth_on:%Y%m%d}{n % 1000:03d}"
    return front + identity.check_digit(front)


def _policies(
    rng: Random, holder: Client, products: dict[str, Product], today: date
) -> Iterator[Policy]:
    for _n in range(rng.choice((1, 1, 2, 2, 3))):
        plan = rng.choice(PLANS)
        policy = Policy(
            insurer_id=products[plan.name].insurer_id,
            holder=holder,
            agent=holder.agent,
            product=products[plan.name],
            premium_mode=plan.mode,
            pay_years=plan.pay_years,
            premium=Decimal(rng.randrange(*plan.premium) // 10 * 10),
            cover_years=plan.cover_years,
            sum_assured=Decimal(rng.randrange(5, 80) * 10_000),
            relation=rng.choice(RELATIONS),
            insured_name=holder.name,
            bank_name=rng.choice(BANKS),
            account=f"6222{rng.randrange(10**12):012d}" if rng.random() < 0.9 else "",
        )
        if policy.relation != "本人":
            policy.insured_name = holder.name[0] + rng.choice(GIVEN)
        _date(policy, plan, rng, today)
        yield policy


def _date(policy: Policy, plan: Plan, rng: Random, today: date) -> None:
    """Give the policy a past that puts it where it should stand today."""
    lot = rng.random()
    if plan.cover_years == 1:
        until = today + timedelta(days=rng.choice((30, 29, 7, 5, 0, 90, 150, 200, 260, 330)))
        policy.effective_on = dates.add_years(until + timedelta(days=1), -1)
        policy.covers_until = until
    elif lot < 0.04 and plan.kind in PAYS_OUT:
        policy.matures_on = today + timedelta(days=rng.choice((30, 28, 7, 4, 0)))
        policy.effective_on = dates.add_years(policy.matures_on, -(plan.cover_years or 15))
    elif lot < 0.07:
        policy.effective_on = today - timedelta(days=rng.randrange(1, 5))
        money.owe(policy, dates.add_months(policy.effective_on, policy.months_between or 12))
    else:
        money.put_in_the_past(policy, rng, today)
    money.settle_the_rest(policy, rng, today)
    if plan.kind in PAYS_OUT and plan.cover_years and policy.matures_on is None:
        policy.matures_on = dates.cover_end(_begins(policy), plan.cover_years)
    policy.issued_on = _begins(policy)
    if policy.issued_on < today - timedelta(days=9):
        policy.receipt_signed_on = policy.issued_on + timedelta(days=9)


def _begins(policy: Policy) -> date:
    assert policy.effective_on is not None
    return policy.effective_on


def _number_and_save(policies: list[Policy]) -> None:
    for n, policy in enumerate(policies):
        policy.policy_no = f"P3301{policy.effective_on:%Y%m%d}{n:06d}"
    Policy.objects.bulk_create(policies, batch_size=2000)


def _work_through(rng: Random, day: date, agents: list[User], share: float | None = None) -> None:
    """Let each agent work a part of that day's list, some more than others."""
    done = []
    for n, agent in enumerate(agents):
        part = share if share is not None else 0.95 - 0.12 * (n % 5)
        rows = FollowUp.objects.open().on(day).filter(client__agent=agent)
        rows = rows.exclude(rule__in=demo_care.LEFT).order_by(
            "priority", "rule", "client__mobile", "policy__policy_no", "occasion_on"
        )
        done += [(agent, row) for row in rows if rng.random() < part]
    contacts = Contact.objects.bulk_create(
        Contact(
            client_id=row.client_id,
            by=agent,
            on=day,
            subject=row.rule,
            channel=rng.choice(
                (Contact.Channel.CALL, Contact.Channel.VISIT, Contact.Channel.WECHAT)
            ),
        )
        for agent, row in done
    )
    for (agent, row), contact in zip(done, contacts, strict=True):
        row.status, row.outcome, row.contact = FollowUp.Status.DONE, Contact.Outcome.DONE, contact
        row.done_on, row.done_at, row.done_by = day, timezone.now(), agent
    fields = ["status", "outcome", "contact", "done_on", "done_at", "done_by"]
    FollowUp.objects.bulk_update([row for _agent, row in done], fields, batch_size=1000)
