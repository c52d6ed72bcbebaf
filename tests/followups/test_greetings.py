"""A festival is greeted once, by whoever serves the client, never late; what is handed over leaves the shelf."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.models import Client, Consent, Contact, FamilyMember, KeyDate
from followups import daily, greetings, work
from followups.daily import write_day, write_lists
from followups.festivals import Festival
from followups.greeting_words import words_for
from followups.greetings import Campaign, Greeting, greeted
from followups.models import ListRun, ServicePlan
from followups.refusal import Refused
from followups.stock import StockItem, StockMove
from followups.texts import FESTIVAL, Text
from policies.models import Policy

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)
DRAGON = date(2026, 6, 19)
OPENS = DRAGON - 5 * A_DAY


@pytest.fixture(autouse=True)
def _only_dragon_boat(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """One festival, and of the rules only one: the others have their own tests, and take their time."""
    monkeypatch.setattr(daily, "RULEBOOK", daily.RULEBOOK[:1])
    Festival.objects.exclude(code="dragon-boat").update(active=False)


@pytest.fixture
def holder(make_client: Any, make_policy: Any) -> Callable[..., Client]:
    def make(**fields: Any) -> Client:
        client: Client = make_client(**fields)
        make_policy(client)
        return client

    return make


@pytest.fixture
def greeting(holder: Any) -> Greeting:
    holder(name="陈志远", gender="m")
    greetings.write(OPENS)
    return Greeting.objects.get()


def the_greetings() -> set[tuple[int, date, str]]:
    return set(Greeting.objects.values_list("client_id", "campaign__on", "state"))


# --- written


def test_it_comes_onto_the_list_some_days_ahead_and_never_after(holder: Any) -> None:
    client = holder()
    assert greetings.write(OPENS - A_DAY) == 0
    assert greetings.write(OPENS) == 1
    assert the_greetings() == {(client.pk, DRAGON, "open")}
    Greeting.objects.all().delete()
    assert greetings.write(DRAGON) == 1
    Greeting.objects.all().delete()
    assert greetings.write(DRAGON + A_DAY) == 0


def test_each_client_once_however_often_it_is_written(holder: Any) -> None:
    made = {holder().pk for _ in range(3)}
    assert [greetings.write(OPENS + n * A_DAY) for n in (0, 0, 1, 5)] == [3, 0, 0, 0]
    assert set(Greeting.objects.values_list("client_id", flat=True)) == made
    with pytest.raises(IntegrityError), transaction.atomic():
        again = Greeting.objects.all()[0]
        again.pk = None
        again.save(force_insert=True)


def test_the_nightly_lists_write_it_in_their_ledger(holder: Any) -> None:
    holder()
    assert write_day(OPENS).created == {"festival": 1}
    assert write_day(OPENS).created == {}


def test_catching_up_is_the_same_as_writing_daily(holder: Any) -> None:
    holder()
    write_lists(OPENS - A_DAY)
    write_lists(OPENS + 2 * A_DAY)
    daily_ones = the_greetings()
    Campaign.objects.all().delete()
    ListRun.objects.all().delete()
    write_lists(OPENS + 2 * A_DAY)
    assert the_greetings() == daily_ones


def test_who_comes_later_is_greeted_too_and_who_goes_is_taken_off(
    holder: Any, make_client: Any
) -> None:
    first = holder()
    write_day(OPENS)
    second = holder()
    Client.objects.filter(pk=first.pk).update(do_not_contact=True)
    write_day(OPENS + A_DAY)
    assert the_greetings() == {(second.pk, DRAGON, "open")}
    Client.objects.filter(pk=first.pk).update(do_not_contact=False)
    Policy.objects.filter(holder=second).update(status="surrendered")
    write_day(OPENS + 2 * A_DAY)
    assert the_greetings() == {(first.pk, DRAGON, "open")}


def test_what_was_sent_stays_whatever_happens(greeting: Greeting, alice: Any) -> None:
    greetings.send(greeting, by=alice, on=OPENS, channel="wechat", words="端午安康")
    Client.objects.update(deceased=True)
    write_day(OPENS + A_DAY)
    assert [row.state for row in Greeting.objects.all()] == ["sent"]


@pytest.mark.parametrize("change", ["moved", "switched off", "class", "plan", "people"])
def test_another_festival_or_plan_asks_everybody_anew(holder: Any, change: str) -> None:
    kept = holder(client_class="develop", gender="f")
    gone = holder(client_class="nurture", gender="m")
    write_day(OPENS)
    festival = Festival.objects.filter(code="dragon-boat")
    wanted = {(kept.pk, DRAGON, "open")}
    if change == "moved":
        festival.update(day=6)
        wanted = {(client.pk, DRAGON + A_DAY, "open") for client in (kept, gone)}
    elif change == "switched off":
        festival.update(active=False)
        wanted = set()
    elif change == "class":
        festival.update(classes=["develop"])
    elif change == "people":
        festival.update(for_whom="women")
    else:
        ServicePlan.objects.filter(item=10, client_class="nurture").update(level="no")
    write_day(OPENS + A_DAY)
    assert the_greetings() == wanted


def test_a_child_that_becomes_known_makes_a_greeting(holder: Any, monkeypatch: Any) -> None:
    from followups import touched

    monkeypatch.setattr(touched, "_size_of_the_book", lambda: 1000)
    Festival.objects.filter(code="dragon-boat").update(for_whom="parents")
    client = holder()
    write_day(OPENS)
    FamilyMember.objects.create(client=client, kin="child", name="小明", year=2020, month=5, day=5)
    assert write_day(OPENS + A_DAY).looked_at == 1
    assert the_greetings() == {(client.pk, DRAGON, "open")}


def test_every_table_it_asks_is_watched(holder: Any) -> None:
    """Or nobody would notice that somebody's greeting is wanted or no longer wanted."""
    asked = set()
    for whom in Festival.ForWhom.values:
        festival = Festival(kind="solar", for_whom=whom, trades="教师")
        asked |= {str(table) for table in _tables(greeted(festival, DRAGON).query)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'touch_on_%'"
        )
        watched = {name for (name,) in cursor.fetchall()}
    assert asked - watched == {"followups_serviceplan"}  # that one is part of the fingerprint


def _tables(query: Any) -> set[str]:
    import re

    sql, _params = query.sql_with_params()
    return set(re.findall(r'(?:FROM|JOIN) "(\w+)"', sql))


# What can happen to a book between two nights, by any hand.
DEEDS: dict[str, Callable[[Client], Any]] = {
    "dies": lambda c: Client.objects.filter(pk=c.pk).update(deceased=True),
    "lives": lambda c: Client.objects.filter(pk=c.pk).update(deceased=False),
    "develop": lambda c: Client.objects.filter(pk=c.pk).update(client_class="develop"),
    "maintain": lambda c: Client.objects.filter(pk=c.pk).update(client_class=""),
    "lapses": lambda c: Policy.objects.filter(holder=c).update(lapses_on=OPENS + A_DAY),
    "lapses late": lambda c: Policy.objects.filter(holder=c).update(lapses_on=DRAGON),
    "pays": lambda c: Policy.objects.filter(holder=c).update(lapses_on=None),
    "woman": lambda c: Client.objects.filter(pk=c.pk).update(gender="f"),
    "man": lambda c: Client.objects.filter(pk=c.pk).update(gender="m"),
}
histories = st.lists(
    st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), st.integers(0, 2)), max_size=3),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories)
def test_the_narrow_writing_gives_what_the_wide_one_gives(
    history: list[list[tuple[str, int]]], holder: Any, monkeypatch: Any
) -> None:
    """Whatever happens between the nights, and whichever nights are missed."""
    from followups import touched

    monkeypatch.setattr(touched, "_size_of_the_book", lambda: 1000)
    with transaction.atomic():
        Festival.objects.filter(code="dragon-boat").update(
            classes=["develop", "nurture"], for_whom="women"
        )
        clients = [holder(client_class="develop", gender="f") for _ in range(3)]
        for night, deeds in enumerate(history):
            for deed, who in deeds:
                DEEDS[deed](clients[who])
            write_day(OPENS + night * A_DAY)
            found = {client for client, _on, _state in the_greetings()}
            festival = Festival.objects.get(code="dragon-boat")
            wanted = set(greeted(festival, DRAGON).values_list("pk", flat=True))
            assert found == wanted
        transaction.set_rollback(True)


def test_what_the_day_left_behind_is_missed(greeting: Greeting, alice: Any) -> None:
    assert not Greeting.objects.missed(DRAGON).exists()
    assert Greeting.objects.missed(DRAGON + A_DAY).count() == 1
    with pytest.raises(Refused, match=r"day is over|节日已过"):
        greetings.send(greeting, by=alice, on=DRAGON + A_DAY, channel="wechat", words="x")


def test_a_handover_takes_the_greetings_along(greeting: Greeting, alice: Any, carol: Any) -> None:
    assert Greeting.objects.visible_to(alice).count() == 1
    Client.objects.update(agent=carol)
    assert not Greeting.objects.visible_to(alice).exists()
    assert Greeting.objects.visible_to(carol).count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_at_once_write_it_once(holder: Any) -> None:
    for _ in range(20):
        holder()

    def write() -> None:
        try:
            write_day(OPENS)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Greeting.objects.count() == 20
    assert Campaign.objects.count() == 1


# --- worked off


def test_sent_leaves_one_contact_and_counts_as_a_touch(greeting: Greeting, alice: Any) -> None:
    contact = greetings.send(greeting, by=alice, on=OPENS, channel="wechat", words="端午安康")
    assert (contact.channel, contact.outcome, contact.note) == ("wechat", "done", "端午安康")
    assert Client.objects.get().last_contact_on == OPENS
    with pytest.raises(Refused):
        greetings.send(greeting, by=alice, on=OPENS, channel="wechat", words="again")
    assert Contact.objects.count() == 1


def test_a_way_that_was_refused_is_not_taken(greeting: Greeting, alice: Any) -> None:
    Consent.objects.create(
        client=greeting.client,
        channel="wechat",
        state="refused",
        on=OPENS,
        by=alice,
        evidence="来电告知",
    )
    with pytest.raises(Refused, match=r"does not want|不愿"):
        greetings.send(greeting, by=alice, on=OPENS, channel="wechat", words="端午安康")
    greetings.send(greeting, by=alice, on=OPENS, channel="card", words="端午安康")
    assert Contact.objects.get().channel == "card"


@pytest.mark.parametrize(
    ("fields", "there"),
    [
        ({"no_sales_until": DRAGON}, False),
        ({"no_sales_until": DRAGON - A_DAY}, True),
        ({"enough_until": DRAGON + A_DAY}, False),
        ({"enough_until": DRAGON}, True),
    ],
)
def test_who_mourns_or_has_heard_enough_is_left_in_peace(
    holder: Any, fields: dict[str, date], there: bool
) -> None:
    client = holder()
    Client.objects.filter(pk=client.pk).update(**fields)
    assert greetings.write(OPENS) == int(there)


def test_who_refuses_every_way_is_left_in_peace(holder: Any, alice: Any) -> None:
    client = holder()
    for channel in Consent.Channel.values:
        Consent.objects.create(
            client=client, channel=channel, state="refused", on=OPENS, by=alice, evidence="来电告知"
        )
    assert greetings.write(OPENS) == 0


def test_top_clients_are_wished_well_on_the_day_of_their_profession_only_once(holder: Any) -> None:
    Festival.objects.filter(code="dragon-boat").update(for_whom="trade", trades="教师")
    for tier in ("key", "general"):
        client = holder(tier=tier, note="小学教师")
        KeyDate.objects.create(client=client, kind="career", month=6, day=19)
    KeyDate.objects.update(next_on=DRAGON)
    greetings.write(OPENS)
    assert [row.client.tier for row in Greeting.objects.all()] == ["general"]


def test_undo_opens_it_again_and_strikes_the_contact(greeting: Greeting, alice: Any) -> None:
    contact = greetings.send(greeting, by=alice, on=OPENS, channel="wechat", words="端午安康")
    greetings.reopen(greeting, by=alice)
    greetings.reopen(greeting, by=alice)
    greeting.refresh_from_db()
    contact.refresh_from_db()
    assert greeting.is_open
    assert contact.undone_at


def test_the_timeline_takes_it_back_too(greeting: Greeting, alice: Any) -> None:
    contact = greetings.send(greeting, by=alice, on=OPENS, channel="wechat", words="端午安康")
    work.undo(contact, by=alice)
    greeting.refresh_from_db()
    assert greeting.is_open


def test_left_out_has_a_reason_and_no_contact(greeting: Greeting, alice: Any) -> None:
    greetings.skip(greeting, by=alice, on=OPENS, why="unfit")
    greeting.refresh_from_db()
    assert (greeting.state, greeting.why) == ("skipped", "unfit")
    assert not Contact.objects.exists()
    greetings.reopen(greeting, by=alice)
    greeting.refresh_from_db()
    assert (greeting.state, greeting.why, greeting.done_by) == ("open", "", None)


@pytest.mark.parametrize(
    "wrong", [{"state": "sent"}, {"state": "skipped"}, {"why": "met"}, {"done_on": OPENS}]
)
def test_the_database_keeps_who_when_and_why(greeting: Greeting, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Greeting.objects.update(**wrong)


# --- in which words


def test_the_closest_text_is_taken(greeting: Greeting, alice: Any, admin: Any) -> None:
    festival = greeting.campaign.festival

    def say(words: str, client_class: str = "", channel: str = "") -> None:
        Text(
            occasion=FESTIVAL,
            festival=festival,
            client_class=client_class,
            channel=channel,
            words=words,
        ).put_in_force(admin)

    def said(channel: str = "wechat") -> str:
        return words_for(greeting, list(Text.objects.in_force()), alice, channel)

    assert "陈" in said()
    say("all {full_name}")
    assert said() == "all 陈志远"
    say("card", channel="card")
    say("of the class", client_class="maintain")
    say("others", client_class="develop", channel="card")
    assert (said(), said("card")) == ("of the class", "of the class")
    say("both", "maintain", "card")
    assert (said(), said("card")) == ("of the class", "both")
    say("", client_class="maintain")
    assert (said(), said("card")) == ("all 陈志远", "both")
    greetings.rewrite(greeting, "{name} as typed", on=OPENS)
    greeting.refresh_from_db()
    assert said() == "{name} as typed"


def test_each_text_is_a_version_and_the_older_stay(greeting: Greeting, admin: Any) -> None:
    festival = greeting.campaign.festival
    for words in ("one", "two"):
        Text(occasion=FESTIVAL, festival=festival, words=words).put_in_force(admin)
    assert [text.words for text in Text.objects.in_force()] == ["two"]
    assert Text.objects.exclude(replaced_at=None).get().words == "one"


# --- the shelf


@pytest.fixture
def card(db: None, admin: Any) -> StockItem:
    item = StockItem.objects.create(name="端午贺卡", kind="card", unit_cost=Decimal("2.50"))
    item.receive(2, by=admin, on=OPENS)
    return item


def test_a_card_leaves_the_shelf_and_comes_back(
    greeting: Greeting, card: StockItem, alice: Any
) -> None:
    contact = greetings.send(
        greeting, by=alice, on=OPENS, channel="card", words="端午安康", item=card
    )
    card.refresh_from_db()
    assert card.in_hand == 1
    given = StockMove.objects.given().get()
    assert (given.client_id, given.by, given.contact) == (greeting.client_id, alice, contact)
    assert StockMove.objects.given().cost() == Decimal("2.50")
    greetings.reopen(greeting, by=alice)
    card.refresh_from_db()
    assert card.in_hand == 2
    assert StockMove.objects.given().cost() == 0


def test_never_less_than_nothing(greeting: Greeting, card: StockItem, alice: Any) -> None:
    card.count_as(0, by=alice, on=OPENS)
    with pytest.raises(Refused, match="端午贺卡"):
        greetings.send(greeting, by=alice, on=OPENS, channel="card", words="x", item=card)
    greeting.refresh_from_db()
    assert greeting.is_open
    assert not Contact.objects.exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        StockItem.objects.update(in_hand=-1)


@given(moves=st.lists(st.integers(-3, 4).filter(bool), max_size=12))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_shelf_holds_what_its_movements_add_up_to(
    moves: list[int], card: StockItem, alice: Any, greeting: Greeting
) -> None:
    with transaction.atomic():
        card.refresh_from_db()
        for n in moves:
            try:
                if n > 0:
                    card.receive(n, by=alice, on=OPENS)
                else:
                    card.give(greeting.client, by=alice, on=OPENS, n=-n)
            except Refused:
                assert card.in_hand < -n
        card.refresh_from_db()
        assert card.in_hand == sum(move.n for move in card.moves.all()) >= 0
        transaction.set_rollback(True)


def test_the_day_of_the_list_calls_it_once(monkeypatch: Any) -> None:
    called: list[date] = []
    monkeypatch.setattr(daily.greetings, "write", lambda day, scope: called.append(day) or 0)
    write_day(OPENS)
    assert called == [OPENS]
