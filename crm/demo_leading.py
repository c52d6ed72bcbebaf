"""The days of the demo as agents and leaders close them: times and words of contacts, logs, checks, meetings.

One agent has visits that cannot be: they stand out, and so will be drawn.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby, pairwise
from random import Random

from django.db import connection
from django.utils import timezone, translation

from accounts.models import Role, User
from clients.models import Contact
from followups import day_end, day_logs, meetings, sampling
from followups.models import SpotCheck
from followups.office_days import workdays_before

LOGS_BACK = 4
VISITS = (2, 3, 3, 4)
OPENS, SPOKEN = time(8, 40), (Contact.Channel.VISIT, Contact.Channel.CALL)
NOTES = (
    "问了孩子升学，想了解教育金",
    "换了工资卡，下周补签授权",
    "老人住院，改天再谈",
    "认可保单检视，约了下月",
    "对分红有疑问，已解释",
    "介绍了同事，号码已记下",
)
COPIED = "面谈顺利，客户非常认可我们的服务"
MINUTES = (
    "先打宽限期的电话，再排面访。",
    "通报昨天的错过件；演练宽限期话术。",
    "新产品培训十分钟；分配陪访。",
)
NOTES_BACK = ("", "", "面访安排得好，继续。", "承诺缴费的，到期当天上午再提醒一次。")

TELL = """
UPDATE clients_contact c SET at = told.at, channel = told.channel, note = told.note
FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[]) AS told (id, at, channel, note)
WHERE c.id = told.id
"""
DONE_THEN = """
UPDATE followups_followup f SET done_at = c.at FROM clients_contact c
WHERE c.id = f.contact_id AND c.by_id = ANY(%s) AND f.status = 'done'
"""


def tell(rng: Random, agents: Sequence[User], today: date) -> None:
    contacts = Contact.objects.filter(by__in=agents).order_by("by", "on", "pk")
    contacts = contacts.select_related("client")
    told = [one for _day, rows in groupby(contacts, key=lambda one: (one.by_id, one.on))
            for one in _a_day(rng, list(rows), today)]  # fmt: skip
    _cannot_be([one for one in told if one.by_id == agents[2 % len(agents)].pk], today)
    with connection.cursor() as cursor:
        columns = [[getattr(one, name) for one in told] for name in ("pk", "at", "channel", "note")]
        cursor.execute(TELL, columns)
        cursor.execute(DONE_THEN, [[agent.pk for agent in agents]])
    _close_the_days(rng, agents, today)


def _a_day(rng: Random, rows: list[Contact], today: date) -> Iterable[Contact]:
    """Calls in the morning, then a few visits, one after the other; what is over comes by telephone."""
    visits = rng.choice(VISITS)
    wanted = [one for one in rows if one.channel == Contact.Channel.VISIT]
    for one in wanted[visits:]:
        one.channel = Contact.Channel.CALL
    clock = datetime.combine(rows[0].on, OPENS)
    for one in sorted(rows, key=lambda one: (one in wanted[:visits], one.pk)):
        visit = one.channel == Contact.Channel.VISIT
        clock += timedelta(minutes=rng.randint(45, 80) if visit else rng.randint(2, 6))
        one.at = timezone.make_aware(clock)
        if one.channel in SPOKEN and not one.note and rng.random() < (0.8 if visit else 0.1):
            one.note = f"{rng.choice(NOTES)}（{one.at:%H:%M}）"
    late = max(one.at for one in rows) - timezone.now()
    if rows[0].on == today and late > timedelta(0):  # nothing lies ahead of the clock
        for one in rows:
            one.at -= late
    return rows


def _cannot_be(rows: list[Contact], today: date) -> None:
    """Visits of the week in the same words, and two of them at the ends of the town within minutes."""
    week = [one for one in rows if today - timedelta(days=6) <= one.on < today]
    visits = [one for one in week if one.channel == Contact.Channel.VISIT]
    for one in visits:
        one.note = COPIED
    for one, other in pairwise(visits):
        if one.on == other.on and one.client.address[:3] != other.client.address[:3]:
            other.at = one.at + timedelta(minutes=2)


def _close_the_days(rng: Random, agents: Sequence[User], today: date) -> None:
    leaders = list(
        User.objects.filter(role__in=[Role.SUPERVISOR, Role.MANAGER]).select_related("team")
    )
    for n, one in enumerate(agents):
        one.birth_on = date(1980 + n % 18, 1, 1) + timedelta(
            days=(today.timetuple().tm_yday + 3 + 31 * n) % 365
        )
    User.objects.bulk_update(agents, ["birth_on"])
    days = workdays_before(today, LOGS_BACK)
    for day in reversed(days):
        _hand_in(rng, agents, day, leaders[0], reviewed=day != max(days))
        for leader in leaders:
            _lead(rng, leader, day)
    for leader in leaders:
        sampling.draw(leader, today)


def _hand_in(
    rng: Random, agents: Sequence[User], day: date, leader: User, *, reviewed: bool
) -> None:
    evening = timezone.make_aware(datetime.combine(day, time(18, 20)))
    for n, agent in enumerate(agents):
        if n % 5 == 4 and not reviewed:
            continue  # somebody forgets
        with translation.override("zh-hans"):
            said = day_end.draft(day_end.facts_of(agent, agent, day))
        log = day_logs.hand_in(agent, day, at=evening, **said)
        if reviewed:
            morning = evening + timedelta(hours=14)
            day_logs.review(log, by=leader, at=morning, note=rng.choice(NOTES_BACK))


def _lead(rng: Random, leader: User, day: date) -> None:
    morning = timezone.make_aware(datetime.combine(day, time(8, 30)))
    present = (
        User.objects.filter(team__path__startswith=leader.team.path, role=Role.AGENT)
        if leader.team
        else []
    )
    meetings.hold(leader, day, at=morning, minutes=rng.choice(MINUTES), present=present)
    sampling.draw(leader, day)
    for n, check in enumerate(
        SpotCheck.objects.open().filter(leader=leader, on=day).order_by("pk")
    ):
        check.way = rng.choice(SpotCheck.Way.values)
        check.finding = SpotCheck.Finding.UNREACHED if n == 2 else SpotCheck.Finding.AGREES
        check.done_at = morning + timedelta(hours=2 + n)
        check.save(update_fields=["way", "finding", "done_at"])
