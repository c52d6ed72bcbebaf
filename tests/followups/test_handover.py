"""Alice leaves: Bob splits her clients, and from that moment she sees none of them."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry, Role, User
from clients.handover import Overtaken, end_absences, hand_over
from clients.models import Client, Contact, Handover, Household
from followups.daily import write_day
from followups.models import FollowUp
from policies.models import Insurer, Policy
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(f"{TODAY}T12:00:00+08:00", tick=False) as clock:
        yield clock


@pytest.fixture
def erin(alice: Any) -> Any:
    return User.objects.create(staff_no="A3", name="许文静", role=Role.AGENT, team=alice.team)


@pytest.fixture
def frank(alice: Any) -> Any:
    return User.objects.create(staff_no="A4", name="罗志强", role=Role.AGENT, team=alice.team)


def move(clients: list[Any], to: Any, by: Any, **words: Any) -> Handover:
    usual = {"from_agent": clients[0].agent, "by": by, "reason": "left", "on": TODAY}
    return hand_over({to.pk: [one.pk for one in clients]}, **(usual | words))


def asked(whose: Any, *to: Any, **more: Any) -> str:
    words = {"whose": whose, "reason": "left", "how": "area"} | more
    address = "&".join(f"{name}={value}" for name, value in words.items())
    return f"{reverse('handover_new')}?{address}" + "".join(f"&to={one.pk}" for one in to)


def confirm(browser: Any, address: str) -> Any:
    plan = browser.get(address).context["plan"]
    return browser.post(address, {"mark": plan.mark})


def agents_of(clients: list[Any]) -> list[int | None]:
    found = dict(Client.objects.filter(pk__in=[c.pk for c in clients]).values_list("pk", "agent"))
    return [found[one.pk] for one in clients]


def test_3000_policies_of_1900_clients_are_split_by_home_and_nobody_is_seen_any_more(
    alice: Any, bob: Any, erin: Any, frank: Any, login: Any
) -> None:
    homes = Household.objects.bulk_create(Household(name=f"家{n}") for n in range(400))
    clients = Client.objects.bulk_create(
        Client(
            name=f"客户{n}",
            agent=alice,
            household=homes[n % 400] if n < 1000 else None,
            address=f"杭州市{'西湖区拱墅区上城区'[3 * (n % 3) : 3 * (n % 3) + 3]}文三路 {n} 号",
        )
        for n in range(1900)
    )
    insurer = Insurer.usual()
    Policy.objects.bulk_create(
        Policy(insurer=insurer, holder=clients[n * 7 % 1900], policy_no=f"H{n}", effective_on=TODAY)
        for n in range(3000)
    )
    with CaptureQueriesContext(connection) as queries:
        answer = confirm(login(bob), asked(alice.pk, erin, frank))
    made = Handover.objects.get()
    assert answer.url == reverse("handover", args=[made.pk])
    assert len(queries) < 60
    assert not Client.objects.filter(agent=alice).exists()
    assert not Client.objects.visible_to(alice).exists()
    assert not Policy.objects.visible_to(alice).exists()
    loads = [Policy.objects.filter(holder__agent=one).count() for one in (erin, frank)]
    assert sum(loads) == 3000
    assert all(abs(load - 1500) <= 75 for load in loads)
    members = Client.objects.filter(household__isnull=False).values_list("household", "agent")
    assert len(set(members)) == 400
    assert login(alice).get(reverse("client", args=[clients[0].pk])).status_code == 404


def test_a_single_home_is_moved_to_another_receiver_before_it_is_confirmed(
    bob: Any, erin: Any, frank: Any, alice: Any, make_client: Any, login: Any
) -> None:
    home = Household.objects.create(name="陈家")
    couple = [make_client(name=name, household=home) for name in ("陈志远", "吴雅琴")]
    others = [make_client(name="孙平") for _ in range(2)]
    bobs, address = login(bob), asked(alice.pk, erin, frank)
    plan = bobs.get(address).context["plan"]
    has, gets = (erin, frank) if couple[0].pk in plan.shares[erin.pk] else (frank, erin)
    page = bobs.get(f"{address}&look={has.pk}&name=吴雅")
    assert [names for _home, names in page.context["homes"]] == [["陈志远", "吴雅琴"]]
    moved = f"{address}&move=&move={couple[0].pk}-{gets.pk}&move=7-99&move=x&move={others[0].pk}-99"
    assert bobs.post(moved, {"mark": plan.mark}).status_code == 409
    assert confirm(bobs, moved).status_code == 302
    assert agents_of(couple) == [gets.pk, gets.pk]
    assert agents_of(others) == [
        next(pk for pk, share in plan.shares.items() if one.pk in share) for one in others
    ]


def test_the_last_word_about_a_home_counts(
    bob: Any, erin: Any, frank: Any, alice: Any, make_client: Any, login: Any
) -> None:
    client = make_client()
    moves = "".join(f"&move={client.pk}-{to.pk}" for to in (frank, erin, frank))
    page = login(bob).get(f"{asked(alice.pk, erin, frank)}{moves}&look={frank.pk}")
    assert page.context["plan"].shares == {erin.pk: [], frank.pk: [client.pk]}
    assert ("move", f"{client.pk}-{frank.pk}") in page.context["kept"]


def test_of_two_who_hand_over_the_same_clients_the_second_is_told(
    bob: Any, erin: Any, frank: Any, alice: Any, make_client: Any, login: Any
) -> None:
    clients = [make_client(), make_client()]
    bobs, address = login(bob), asked(alice.pk, erin)
    mark = bobs.get(address).context["plan"].mark
    move(clients[:1], frank, bob)
    answer = bobs.post(address, {"mark": mark})
    assert answer.status_code == 409
    assert agents_of(clients) == [frank.pk, alice.pk]
    with pytest.raises(Overtaken):
        move(clients, erin, bob, from_agent=alice)
    assert agents_of(clients) == [frank.pk, alice.pk]


def test_a_form_sent_twice_hands_over_once(
    bob: Any, erin: Any, alice: Any, make_client: Any, login: Any
) -> None:
    make_client()
    bobs, address = login(bob), asked(alice.pk, erin)
    words = {"mark": bobs.get(address).context["plan"].mark, "key": "once"}
    assert [bobs.post(address, words).status_code for _ in range(2)] == [302, 200]
    assert Handover.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "wrong"),
    [({"reason": "ill"}, "back_on"), ({"reason": "ill", "back_on": "2026-06-12"}, "back_on")],
)
def test_an_absence_needs_a_day_that_is_ahead(
    more: dict[str, str], wrong: str, bob: Any, erin: Any, alice: Any, make_client: Any, login: Any
) -> None:
    make_client()
    page = login(bob).get(asked(alice.pk, erin, **more))
    assert wrong in page.context["form"].errors
    assert page.context["plan"] is None


def test_only_a_class_goes_and_whoever_lives_with_it(
    bob: Any, erin: Any, alice: Any, make_client: Any, login: Any
) -> None:
    home = Household.objects.create(name="陈家")
    key = make_client(client_class="develop", household=home)
    partner, other = make_client(household=home), make_client()
    confirm(login(bob), asked(alice.pk, erin, only="develop"))
    assert agents_of([key, partner, other]) == [erin.pk, erin.pk, alice.pk]


def test_an_agent_outside_the_leaders_teams_receives_nobody(
    bob: Any, carol: Any, alice: Any, make_client: Any, login: Any
) -> None:
    make_client()
    page = login(bob).get(asked(alice.pk, carol))
    assert "to" in page.context["form"].errors
    assert login(bob).get(asked(carol.pk, alice)).context.get("form") is None


def test_only_the_office_gives_out_the_orphan_pool(
    admin: Any, bob: Any, erin: Any, make_client: Any, login: Any
) -> None:
    orphan = make_client(agent=None)
    assert "form" not in login(bob).get(asked("pool", erin, reason="pool")).context
    confirm(login(admin), asked("pool", erin, reason="pool"))
    assert agents_of([orphan]) == [erin.pk]


def test_it_is_recorded_who_gave_how_many_to_whom(
    bob: Any, erin: Any, alice: Any, make_client: Any
) -> None:
    made = move([make_client()], erin, bob)
    entry = AuditEntry.objects.get(subject=f"handover {made.pk}")
    assert entry.detail["clients"] == {str(erin.pk): 1}
    assert (entry.actor, entry.detail["from_agent"]) == (bob, alice.pk)


def test_undone_within_a_day_who_is_untouched_returns_and_who_was_spoken_to_stays(
    bob: Any, erin: Any, alice: Any, make_client: Any, login: Any
) -> None:
    earlier = date(2026, 1, 5)
    untouched, spoken = make_client(), make_client()
    Client.objects.update(handed_over_on=earlier)
    made = move([untouched, spoken], erin, bob)
    Contact.objects.create(client=spoken, by=erin, on=TODAY)
    login(bob).post(reverse("handover_undo", args=[made.pk]))
    assert agents_of([untouched, spoken]) == [alice.pk, erin.pk]
    untouched.refresh_from_db()
    assert untouched.handed_over_on == earlier
    assert made.undo(by=bob) == 0


def test_after_a_day_it_is_not_undone(
    bob: Any, erin: Any, make_client: Any, login: Any, clock: Any
) -> None:
    client = make_client()
    made = move([client], erin, bob)
    clock.shift(timedelta(hours=24, seconds=1))
    login(bob).post(reverse("handover_undo", args=[made.pk]))
    assert agents_of([client]) == [erin.pk]


def test_after_an_absence_the_clients_return_but_not_who_went_on_to_somebody_else(
    bob: Any, erin: Any, frank: Any, alice: Any, make_client: Any
) -> None:
    back_on = TODAY + timedelta(days=10)
    stays, goes_on = make_client(), make_client()
    move([stays, goes_on], erin, bob, reason="ill", back_on=back_on)
    stays.refresh_from_db()
    assert stays.handed_over_on is None
    goes_on.refresh_from_db()
    move([goes_on], frank, bob)
    assert end_absences(back_on - timedelta(days=1)) == 0
    assert end_absences(back_on) == 1
    assert end_absences(back_on) == 0
    assert agents_of([stays, goes_on]) == [alice.pk, frank.pk]


def test_whoever_has_left_meanwhile_gets_nobody_back(
    bob: Any, erin: Any, alice: Any, make_client: Any
) -> None:
    client = make_client()
    move([client], erin, bob, reason="ill", back_on=TODAY + timedelta(days=1))
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert end_absences(TODAY + timedelta(days=1)) == 0
    assert agents_of([client]) == [erin.pk]


def test_progress_runs_to_everybody_called_and_the_better_ones_met(
    bob: Any, erin: Any, make_client: Any, make_policy: Any, login: Any
) -> None:
    plain, better = make_client(), make_client(client_class="nurture")
    dead = make_client(deceased=True)
    for client in (plain, better, dead):
        make_policy(client)
    made = move([plain, better, dead], erin, bob)

    def percent() -> int:
        found: int = login(bob).get(reverse("handover", args=[made.pk])).context["total"].percent
        return found

    assert percent() == 0
    Contact.objects.create(client=plain, by=erin, on=TODAY, outcome="no_answer")
    assert percent() == 0
    Contact.objects.create(client=plain, by=erin, on=TODAY)
    assert percent() == 33
    Contact.objects.create(client=better, by=erin, on=TODAY, channel="visit")
    assert percent() == 100


def test_twenty_handovers_cost_the_queries_of_one(
    bob: Any, erin: Any, frank: Any, make_client: Any, login: Any
) -> None:
    bobs, counted = login(bob), []
    for n in (1, 8):
        for _ in range(n):
            move([make_client()], erin, bob)
            move([make_client(agent=erin)], frank, bob)
        with CaptureQueriesContext(connection) as queries:
            bobs.get(reverse("handovers"))
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_the_new_agents_have_the_first_call_within_a_week_and_the_first_visit_within_a_month(
    bob: Any, erin: Any, make_policy: Any, make_client: Any
) -> None:
    client = make_policy(make_client(client_class="nurture")).holder
    move([client], erin, bob)
    for n in range(8):
        write_day(TODAY + timedelta(days=n))
    mine = FollowUp.objects.visible_to(erin)
    found = {row.rule: row for row in mine.filter(rule__startswith="handover")}
    call, visit = found["handover-call"], found["handover-visit"]
    assert (call.list_on, call.keep_until) == (TODAY + timedelta(1), TODAY + timedelta(7))
    assert (visit.list_on, visit.keep_until) == (TODAY + timedelta(7), TODAY + timedelta(30))
    assert call.status == visit.status == "open"
    Contact.objects.create(client=client, by=erin, on=TODAY + timedelta(7), channel="visit")
    write_day(TODAY + timedelta(8))
    assert set(mine.values_list("rule", "status", "reason")) >= {
        ("handover-call", "withdrawn", "spoken"),
        ("handover-visit", "withdrawn", "spoken"),
    }


def test_each_client_gets_a_letter_that_names_the_new_agent_but_not_the_dead(
    bob: Any, erin: Any, make_client: Any, login: Any
) -> None:
    client, dead = make_client(address="文三路 259 号"), make_client(deceased=True)
    made = move([client, dead], erin, bob)
    letters = login(bob).post(reverse("handover_letters", args=[made.pk])).content.decode()
    assert letters.count('class="letter"') == 1
    assert client.name in letters
    assert erin.name in letters
    assert dead.name not in letters
    assert AuditEntry.objects.filter(action="export", subject=f"handover {made.pk}").exists()
