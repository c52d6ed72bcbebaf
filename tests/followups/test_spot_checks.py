"""What stands out in the records, and the three that a leader checks each day."""

import random
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from clients.models import Client, Contact
from followups import meeting_agenda, sampling, standard
from followups.models import SpotCheck
from followups.sampling import Candidate, sample
from followups.signals import Signal, signals_of
from followups.team import agents_of
from followups.waiting import waiting_for
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 6, 8)
DISTRICTS = ("西湖区", "拱墅区", "上城区", "滨江区", "余杭区")
WORDS = (
    "问了孩子中考",
    "换了新工作单位",
    "想了解养老年金",
    "膝盖手术后在家",
    "老人住院没空细谈",
    "约了周末再看计划书",
)
SHORT = ("", "没人接", "已提醒")


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(f"{TODAY}T12:00:00+08:00", tick=False):
        yield


def entry(client: Any, by: Any, on: date, at: time, **fields: Any) -> Contact:
    """A contact of that day, written down at that time."""
    made = Contact.objects.create(client=client, by=by, on=on, **fields)
    Contact.objects.filter(pk=made.pk).update(at=timezone.make_aware(datetime.combine(on, at)))
    return made


def found(reader: Any) -> list[Signal]:
    return signals_of(reader, MONDAY, TODAY)


def at(minutes: float, hour: int = 9) -> time:
    return (datetime.combine(MONDAY, time(hour)) + timedelta(minutes=minutes)).time()


def test_ten_results_within_two_minutes_stand_out(bob: Any, alice: Any, make_client: Any) -> None:
    for n in range(9):
        entry(make_client(), alice, MONDAY, at(n / 6))
    assert found(bob) == []
    tenth = entry(make_client(), alice, MONDAY, at(2))
    [signal] = found(bob)
    assert (signal.code, signal.agent, signal.on, len(signal.contacts)) == (
        "rush",
        alice,
        MONDAY,
        10,
    )
    assert tenth in signal.contacts
    Contact.objects.filter(pk=tenth.pk).update(undone_at=timezone.now())
    assert found(bob) == []


def test_what_was_kept_offline_comes_at_once_and_has_its_own_times(
    bob: Any, alice: Any, make_client: Any
) -> None:
    for n in range(12):
        entry(make_client(), alice, MONDAY, at(n / 60, hour=19), met_at=at(n * 25))
    assert found(bob) == []


def test_the_same_words_about_three_clients_stand_out(
    bob: Any, alice: Any, make_client: Any
) -> None:
    long, short = "客户很满意，表示会继续缴费并转介绍", "没人接电话"
    for n in range(3):
        entry(make_client(), alice, MONDAY + timedelta(days=n), at(0), note=f"{long} ")
        entry(make_client(), alice, MONDAY + timedelta(days=n), at(40), note=short)
    [signal] = found(bob)
    assert (signal.code, len(signal.contacts)) == ("copied", 3)


@pytest.mark.parametrize(
    ("minutes", "first", "second", "stands_out"),
    [
        (4, "余杭区 文一西路 969 号", "滨江区 江南大道 3 号", True),
        (25, "余杭区 文一西路 969 号", "滨江区 江南大道 3 号", False),
        (4, "西湖区 文三路 1 号", "浙江省杭州市西湖区古翠路 80 号", False),
        (4, "文三路花园小区 3 幢", "滨江区 江南大道 3 号", False),
    ],
)
def test_visits_in_two_districts_within_minutes_stand_out(
    bob: Any, alice: Any, make_client: Any, minutes: int, first: str, second: str, stands_out: bool
) -> None:
    for n, address in enumerate((first, second)):
        entry(make_client(address=address), alice, MONDAY, at(n * minutes), channel="visit")
    assert [signal.code for signal in found(bob)] == ["apart"] * stands_out


def test_visits_are_held_against_each_other_by_the_time_that_was_told(
    bob: Any, alice: Any, make_client: Any
) -> None:
    far, near = (
        make_client(address="余杭区 文一西路 969 号"),
        make_client(address="滨江区 江南大道 3 号"),
    )
    for on, minutes in ((MONDAY, 60), (TODAY, 5)):
        for n, client in enumerate((far, near)):
            told = at(n * minutes, hour=14)
            entry(client, alice, on, at(n, hour=19), channel="visit", met_at=told)
    assert [(signal.code, signal.on) for signal in found(bob)] == [("apart", TODAY)]


def honest_day(chance: random.Random, clients: list[Client], on: date) -> list[Contact]:
    """Calls in the morning, visits one after the other; written down on the spot, or in the evening."""
    evening, clock = chance.random() < 0.3, datetime.combine(on, time(8, 40))
    made = []
    for n, client in enumerate(chance.sample(clients, 14)):
        visit = n >= 10
        clock += timedelta(minutes=chance.randint(25, 70) if visit else chance.randint(1, 9))
        contact = Contact(
            client=client, by=client.agent, on=on, channel="visit" if visit else "call"
        )
        contact.note = f"{client.name}{chance.choice(WORDS)}" if visit else chance.choice(SHORT)
        contact.met_at = clock.time() if evening else None
        late = datetime.combine(on, time(19, 2)) + timedelta(seconds=20 * n)
        contact.written = timezone.make_aware(late if evening else clock)
        made.append(contact)
    return made


def honest_week(group: Any) -> list[Contact]:
    """200 days: 40 agents, five days each."""
    chance, made = random.Random(311), []
    numbers = range(40)
    agents = [User(staff_no=f"H{n}", name=f"同事{n}", team=group) for n in numbers]
    for agent in User.objects.bulk_create(agents):
        homes = (f"{chance.choice(DISTRICTS)} 文三路 {n} 号" for n in range(20))
        clients = [
            Client(name=f"{agent.name}的客户{n}", agent=agent, address=home)
            for n, home in enumerate(homes)
        ]
        clients = Client.objects.bulk_create(clients)
        for days in range(5):
            made += honest_day(chance, clients, MONDAY + timedelta(days=days))
    Contact.objects.bulk_create(made)
    for contact in made:
        contact.at = contact.written
    Contact.objects.bulk_update(made, ["at"], batch_size=3000)
    return made


def test_planted_fakes_are_found_and_no_honest_day_stands_out(
    bob: Any, alice: Any, group: Any, make_client: Any
) -> None:
    assert len(honest_week(group)) == 200 * 14
    with (
        connection.cursor() as cursor
    ):  # nobody looks into what is not committed, how large it has become
        cursor.execute("ANALYZE accounts_user, clients_client, clients_contact")
    assert found(bob) == []
    theirs = [make_client(address=f"{DISTRICTS[n % 5]} 1 号") for n in range(20)]
    for n, client in enumerate(theirs[:11]):
        entry(client, alice, MONDAY, at(n / 6))
    for n, client in enumerate(theirs[11:15]):
        words = "面谈顺利，客户非常认可我们的服务"
        entry(client, alice, MONDAY, at(n * 30, hour=14), channel="visit", note=words)
    for n, client in enumerate(theirs[15:17]):
        entry(client, alice, TODAY, at(n * 3), channel="visit")
    assert {(one.code, one.agent) for one in found(bob)} == {
        (code, alice) for code in ("rush", "copied", "apart")
    }


def test_the_same_seed_draws_the_same_whoever_asks_in_whatever_order() -> None:
    every = [Candidate(n, ("", "rush", "money")[n % 3]) for n in range(60)]
    drawn = sample(every, "7 2026-06-12")
    assert sample(reversed(every), "7 2026-06-12") == drawn
    assert sample(every, "8 2026-06-12")[:3] != drawn[:3]
    without = [one for one in every if one.contact != drawn[0][0].contact]
    assert sample(without, "7 2026-06-12")[0][0] == drawn[1][0]


def test_risk_is_drawn_as_often_as_it_weighs_and_chance_falls_on_anybody() -> None:
    every = [Candidate(n, "rush" if n < 10 else "") for n in range(100)]
    draws = [sample(every, str(seed)) for seed in range(400)]
    first = sum(one[0][0].why == "rush" for one in draws) / 400
    assert 0.32 < first < 0.48  # 60 of 150
    by_chance = sum(one[2][0].why == "rush" for one in draws) / 400
    assert by_chance < 0.2
    assert {one[2][1] for one in draws} == {"chance"}


@pytest.fixture
def week(alice: Any, make_client: Any) -> list[Contact]:
    kinds = [
        {"channel": "visit", "note": "谈了体检"},
        {"channel": "visit"},
        {"outcome": "will_pay"},
    ]
    return [entry(make_client(), alice, MONDAY, at(n * 20), **kinds[n % 3]) for n in range(9)]


def test_three_are_drawn_once_and_again_the_same(bob: Any, week: list[Contact]) -> None:
    assert sampling.draw(bob, TODAY) == 3
    assert sampling.draw(bob, TODAY) == 0
    first = list(SpotCheck.objects.order_by("pk").values_list("contact", "why", "seed"))
    SpotCheck.objects.all().delete()
    sampling.draw_for_all(TODAY)
    assert list(SpotCheck.objects.order_by("pk").values_list("contact", "why", "seed")) == first
    assert [why for _contact, why, _seed in first][2] == "chance"


def test_only_what_one_leads_and_nobody_has_checked_is_drawn(
    bob: Any, carol: Any, make_client: Any, week: list[Contact]
) -> None:
    foreign = entry(make_client(agent=carol), carol, MONDAY, at(0))
    own = entry(make_client(), bob, MONDAY, at(0))
    unreached = entry(week[0].client, week[0].by, MONDAY, at(300), outcome="no_answer")
    SpotCheck.objects.create(leader=bob, on=MONDAY, contact=week[0], why="chance")
    names = {one.contact for one in sampling.candidates_of(bob, TODAY)}
    assert names == {one.pk for one in week[1:]}
    assert not names & {foreign.pk, own.pk, unreached.pk}


def test_a_check_is_recorded_swapped_and_told(login: Any, bob: Any, week: list[Contact]) -> None:
    browser = login(bob)
    browser.post(reverse("team_checks_draw"))
    one, other, _third = SpotCheck.objects.order_by("pk")
    address = reverse("team_check", args=[one.pk])
    assert browser.post(address, {"way": "phone"}).status_code == 422
    wrong = {"way": "phone", "finding": "differs"}
    assert browser.post(address, wrong).status_code == 422  # without the client's words
    browser.post(address, wrong | {"words": "客户说没人来过"})
    browser.post(address, {"way": "phone", "finding": "agrees"})  # the first stands
    one.refresh_from_db()
    assert (one.finding, one.words) == ("differs", "客户说没人来过")
    browser.post(reverse("team_check_swap", args=[other.pk]))
    page = browser.get(reverse("team_checks"))
    assert len(page.context["checks"]) == 3
    assert other not in page.context["checks"]
    assert SpotCheck.objects.count() == 4
    assert page.context["done"] == 1


def test_a_joint_visit_of_another_day_counts_on_the_day_it_is_noted(
    login: Any, bob: Any, week: list[Contact]
) -> None:
    old, drawn, _other = (
        SpotCheck.objects.create(leader=bob, on=on, contact=contact, why="chance")
        for on, contact in zip((MONDAY - timedelta(days=9), MONDAY, TODAY), week, strict=False)
    )
    browser, address = login(bob), reverse("team_checks")
    assert browser.get(address).context["earlier"] == [drawn]
    found = {"way": "joint", "finding": "differs", "words": "客户说没人来过"}
    browser.post(reverse("team_check", args=[drawn.pk]), found)
    page = browser.get(address).context
    assert (page["earlier"], page["done"]) == ([], 1)
    assert waiting_for(bob, TODAY).checked == 1
    month = standard.month_of(bob, agents_of(bob), TODAY, TODAY)
    assert [one.checks for one in standard.leaders_of(bob, month)] == [1]
    tomorrow = TODAY + timedelta(days=1)
    assert meeting_agenda.agenda_of(bob, tomorrow).differing == [drawn]
    assert old.done_at is None


def test_where_nothing_is_left_a_check_is_not_swapped(
    login: Any, bob: Any, alice: Any, make_client: Any
) -> None:
    entry(make_client(), alice, MONDAY, at(0))
    sampling.draw(bob, TODAY)
    login(bob).post(reverse("team_check_swap", args=[SpotCheck.objects.get().pk]))
    assert SpotCheck.objects.standing().count() == 1


def test_four_agents_cost_the_queries_of_one(
    login: Any, bob: Any, alice: Any, make_client: Any, week: list[Contact]
) -> None:
    browser = login(bob)
    sampling.draw(bob, TODAY)

    def queries() -> int:
        browser.get(reverse("team_checks"))
        with CaptureQueriesContext(connection) as caught:
            browser.get(reverse("team_checks"))
        return len(caught)

    for n in range(12):
        entry(make_client(), alice, TODAY, at(n / 9), note="说了很多一模一样的话呀呀呀")
    before = queries()
    for n in range(3):
        agent = User.objects.create(staff_no=f"B{n}", name=f"同事{n}", team=alice.team)
        for m in range(12):
            entry(
                make_client(agent=agent), agent, TODAY, at(m / 9), note="说了很多一模一样的话呀呀呀"
            )
    assert queries() == before
    assert before <= 15
