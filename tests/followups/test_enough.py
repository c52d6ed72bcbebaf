"""Care keeps its rhythm, and steps back where a client has heard enough."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry
from clients.models import Client, Consent, Contact, Rhythm
from followups.daily import write_day
from followups.models import FollowUp
from followups.rulebook import PROACTIVE
from followups.work import record, undo
from tests.conftest import TODAY
from tests.followups.test_daily import A_DAY

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2019, 1, 1, tzinfo=UTC)


@pytest.fixture
def known(make_client: Any, make_policy: Any, alice: Any) -> Callable[..., Client]:
    """A client with a policy, spoken to so many days ago."""

    def make(*days_ago: int, cls: str = "nurture", **fields: Any) -> Client:
        client: Client = make_client(client_class=cls, **fields)
        make_policy(client)
        Client.objects.filter(pk=client.pk).update(created_at=LONG_AGO)
        for days in days_ago:
            Contact.objects.create(client=client, by=alice, on=TODAY - days * A_DAY)
        client.refresh_from_db()
        return client

    return make


def care(client: Client) -> FollowUp | None:
    """The care that can wait, as it stands for the client."""
    return FollowUp.objects.filter(client=client, rule__in=PROACTIVE).order_by("pk").last()


# --- The rhythm


@pytest.mark.parametrize(("cls", "days"), [("develop", 30), ("nurture", 60)])
def test_each_class_is_asked_for_after_its_longest_silence(cls: str, days: int, known: Any) -> None:
    in_time, late = known(days - 1, cls=cls), known(days, cls=cls)
    write_day(TODAY)
    assert care(in_time) is None
    found = care(late)
    assert found and (found.rule, found.occasion_on, found.list_on) == ("cadence", TODAY, TODAY)


def stages_on(client: Client, *days: int) -> list[list[str]]:
    """What of the silence stands on the lists of these days, from today on."""
    found = []
    for n in days:
        day = TODAY + n * A_DAY
        write_day(day)
        rows = FollowUp.objects.on(day).filter(client=client, series="silence")
        found.append(sorted(rows.values_list("rule", flat=True)))
    return found


def test_whoever_was_not_reached_is_asked_for_again_after_as_long_a_silence(known: Any) -> None:
    client = known(30, cls="develop")
    asked = [["cadence"], ["cadence"], [], [], ["cadence"], ["cadence"]]
    assert stages_on(client, 0, 20, 21, 29, 30, 50) == asked


def test_a_contact_begins_the_silence_anew_and_withdraws_the_call(known: Any, alice: Any) -> None:
    client = known(60)
    write_day(TODAY)
    contact = Contact.objects.create(client=client, by=alice, on=TODAY)
    write_day(TODAY + A_DAY)
    found = care(client)
    assert found and (found.status, found.reason) == ("withdrawn", "spoken")
    client.refresh_from_db()
    assert (client.silent_since, client.contact_by) == (TODAY, TODAY + 60 * A_DAY)
    contact.undone_at = LONG_AGO
    contact.save()
    client.refresh_from_db()
    assert client.silent_since == TODAY - 60 * A_DAY


def test_a_change_of_class_moves_the_day(known: Any) -> None:
    client = known(40)
    write_day(TODAY)
    client.refresh_from_db()
    assert client.contact_by == TODAY + 20 * A_DAY
    Client.objects.filter(pk=client.pk).update(client_class="develop")
    write_day(TODAY + A_DAY)
    found = care(client)
    assert found and found.list_on == TODAY - 10 * A_DAY and found.is_open


def test_a_change_of_the_rhythm_moves_everybodys_day(known: Any) -> None:
    client = known(40)
    write_day(TODAY)
    Rhythm(nurture_days=40).save()
    assert write_day(TODAY).looked_at is None
    assert care(client) is not None


def test_who_was_never_spoken_to_counts_from_the_first_policy(known: Any, make_policy: Any) -> None:
    client = known()
    make_policy(client, effective_on=date(2018, 3, 5))
    write_day(TODAY)
    client.refresh_from_db()
    assert (client.client_since, client.silent_since) == (date(2018, 3, 5), date(2018, 3, 5))


def test_the_silence_goes_through_its_stages_and_only_the_latest_is_open(known: Any) -> None:
    client = known(179)
    assert stages_on(client, 0, 1, 61, 62, 82) == [
        [], ["half-asleep"], ["half-asleep"], ["cadence"], [],
    ]  # fmt: skip
    assert stages_on(client, 181, 186, 246) == [["cadence"], ["dormant"], ["dormant"]]


def test_a_book_imported_today_brings_no_flood_of_calls(make_policy: Any) -> None:
    """What was silent before we knew it stands on the wake-up list, and on no day's list."""
    for n in range(40):
        make_policy(effective_on=TODAY - (100 + 10 * n) * A_DAY)
    Client.objects.update(client_class="develop")
    write_day(TODAY)
    assert not FollowUp.objects.filter(series="silence").exists()


def test_the_next_word_of_the_rhythm_is_the_date_the_lists_keep(known: Any) -> None:
    silences = ((3, "develop"), (45, "develop"), (59, "nurture"), (170, "maintain"), (500, ""))
    clients = [known(days, cls=cls) for days, cls in silences]
    write_day(TODAY)
    for client in clients:
        client.refresh_from_db()
        kept = client.contact_by
        assert kept == Rhythm.current().next_word(client, TODAY - 21 * A_DAY)
        assert Rhythm.current().next_word(client, TODAY) >= TODAY


# --- Reviews


def test_a_review_is_due_a_year_after_the_last(known: Any, alice: Any) -> None:
    client = known()
    for days in (364, 365):
        Contact.objects.all().delete()
        Contact.objects.create(client=client, by=alice, on=TODAY - days * A_DAY, reviewed=True)
        write_day(TODAY)
    found = FollowUp.objects.get(rule="policy-review")
    assert (found.client, found.occasion_on) == (client, TODAY - 365 * A_DAY)


def test_an_anniversary_asks_unless_there_was_a_review_lately(make_policy: Any, alice: Any) -> None:
    reviewed: dict[int, Client] = {}
    for days in (300, 301):
        client = make_policy(effective_on=TODAY.replace(year=2022) + 15 * A_DAY).holder
        Client.objects.filter(pk=client.pk).update(client_class="develop")
        Contact.objects.create(client=client, by=alice, on=TODAY - days * A_DAY, reviewed=True)
        reviewed[days] = client
    write_day(TODAY)
    found = FollowUp.objects.get(rule="anniversary-review")
    assert (found.client, found.list_on) == (reviewed[301], TODAY)


def test_a_done_review_is_kept_and_an_undone_one_is_not(known: Any, alice: Any) -> None:
    client = known()
    FollowUp.objects.create(
        client=client, rule="policy-review", series="review", item=9, priority=4,
        occasion_on=TODAY, list_on=TODAY, keep_until=TODAY,
    )  # fmt: skip
    contact = record(FollowUp.objects.open(), by=alice, on=TODAY, outcome="done")
    client.refresh_from_db()
    assert client.last_review_on == TODAY
    undo(contact, by=alice)
    client.refresh_from_db()
    assert client.last_review_on is None


# --- Enough


def test_care_waits_for_the_first_free_day_within_its_window(known: Any) -> None:
    client = known(1, 3, 65, cls="develop", birth_on=date(1980, 6, 18))
    Client.objects.filter(pk=client.pk).update(last_review_on=TODAY - 365 * A_DAY)
    write_day(TODAY)
    found = care(client)
    assert found and (found.rule, found.list_on) == ("policy-review", TODAY + 4 * A_DAY)
    assert found.is_open and not FollowUp.objects.on(TODAY).filter(pk=found.pk).exists()


def test_care_whose_window_closes_before_is_withdrawn_and_says_why(
    known: Any, make_policy: Any
) -> None:
    client = known(1, 3, birth_on=date(1980, 6, 16))
    make_policy(client, premium=60000)
    Client.objects.filter(pk=client.pk).update(next_birthday_on=TODAY + 3 * A_DAY)
    write_day(TODAY)
    found = FollowUp.objects.get(rule="birthday-soon")
    assert (found.status, found.reason) == ("withdrawn", "enough")
    write_day(TODAY + 3 * A_DAY)
    assert FollowUp.objects.get(rule="birthday").is_open  # the day itself is never passed over


def test_care_stays_beside_what_cannot_wait(known: Any, make_instalment: Any) -> None:
    client = known(1, 3)
    make_instalment(client.policies.get(), due_on=TODAY)
    Client.objects.filter(pk=client.pk).update(last_review_on=TODAY - 365 * A_DAY)
    write_day(TODAY)
    on_list = FollowUp.objects.on(TODAY).filter(client=client)
    assert set(on_list.values_list("rule", flat=True)) == {"renewal-due", "policy-review"}


def test_what_cannot_wait_is_never_held_back(known: Any, make_instalment: Any) -> None:
    client = known(0, 0, 1, 1, 2, 3, 4, 5)
    make_instalment(client.policies.get(), due_on=TODAY - 57 * A_DAY)
    write_day(TODAY)
    assert FollowUp.objects.on(TODAY).filter(rule="grace-last-days").exists()


def test_never_two_messages_a_day(known: Any, make_followup: Any, alice: Any) -> None:
    client = known()
    first = make_followup(client, rule="birthday", keep_until=TODAY + A_DAY)
    usual = {"rule": "policy-review", "series": "review", "item": 9}
    waits = make_followup(client, **usual, keep_until=TODAY + 9 * A_DAY)
    over = make_followup(client, **(usual | {"rule": "birthday-soon"}), keep_until=TODAY)
    contact = record([first], by=alice, on=TODAY, outcome="done")
    waits.refresh_from_db()
    over.refresh_from_db()
    assert (waits.status, waits.list_on) == ("open", TODAY + A_DAY)
    assert (over.status, over.reason) == ("withdrawn", "enough")
    undo(contact, by=alice)
    over.refresh_from_db()
    assert over.is_open


def test_what_was_not_heard_is_not_counted(known: Any, alice: Any) -> None:
    client = known()
    for fields in (
        {"outcome": "no_answer"}, {"outcome": "wrong_number"}, {"outcome": "not_home"},
        {"channel": "other", "outcome": "asked_later"}, {"undone_at": LONG_AGO},
    ):  # fmt: skip
        Contact.objects.create(client=client, by=alice, on=TODAY, **fields)
    client.refresh_from_db()
    assert (client.last_contact_on, client.enough_until) == (None, None)
    assert not Contact.objects.counted().exists()


def test_a_limit_of_the_office_holds_at_once(known: Any) -> None:
    client = known(2)
    assert client.enough_until == TODAY - A_DAY
    Rhythm(per_week=1).save()
    client.refresh_from_db()
    assert client.enough_until == TODAY + 5 * A_DAY


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"per_week": 4, "per_month": 3}, "per_month"),
        ({"quiet_until": time(21)}, "quiet_from"),
        ({"develop_days": 0}, "develop_days"),
    ],
)
def test_a_rhythm_that_makes_no_sense_is_refused(fields: Any, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Rhythm(**fields).full_clean()
    assert field in refused.value.message_dict


@pytest.mark.parametrize(
    ("at", "quiet"),
    [((7, 59), True), ((8, 0), False), ((20, 30), False), ((20, 31), True), ((0, 0), True)],
)
def test_nobody_is_called_in_the_quiet_hours(at: tuple[int, int], quiet: bool) -> None:
    assert Rhythm().is_quiet(datetime(2026, 6, 12, *at, tzinfo=UTC)) is quiet


def enough_by_hand(days: list[date], week: int, month: int) -> date | None:
    """The oracle: walk forward until no week and no thirty days hold too many, and the day is new."""
    day = min(days, default=None)
    while day is not None and (
        day <= max(days)
        or sum((day - on).days < 7 for on in days) >= week
        or sum((day - on).days < 30 for on in days) >= month
    ):
        day += A_DAY
    return day


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    ago=st.lists(st.integers(0, 40), max_size=9),
    undone=st.sets(st.integers(0, 8)),
    week=st.integers(1, 3),
    month=st.integers(3, 6),
)
def test_the_database_counts_like_the_oracle(
    ago: list[int], undone: set[int], week: int, month: int, known: Any, alice: Any
) -> None:
    with transaction.atomic():
        Rhythm(per_week=week, per_month=month).save()
        client = known(*ago)
        rows = list(Contact.objects.filter(client=client).order_by("pk"))
        gone = [row.pk for n, row in enumerate(rows) if n in undone]
        Contact.objects.filter(pk__in=gone).update(undone_at=LONG_AGO)
        client.refresh_from_db()
        left = [row.on for row in rows if row.pk not in gone]
        assert client.last_contact_on == max(left, default=None)
        assert client.enough_until == enough_by_hand(left, week, month)
        transaction.set_rollback(True)


@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    clients=st.lists(
        st.tuples(st.lists(st.integers(0, 35), max_size=6), st.integers(360, 380), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    days=st.integers(1, 2),
)
def test_nobody_is_listed_for_care_more_often_than_allowed(
    clients: Any, days: int, known: Any, make_instalment: Any
) -> None:
    with transaction.atomic():
        for ago, reviewed, owes in clients:
            client = known(*ago)
            if owes:
                make_instalment(client.policies.get(), due_on=TODAY - 2 * A_DAY)
            on = TODAY - reviewed * A_DAY
            Client.objects.filter(pk=client.pk).update(last_review_on=on)
        for n in range(days):
            write_day(TODAY + n * A_DAY)
            check_list(TODAY + n * A_DAY)
        transaction.set_rollback(True)


def check_list(day: date) -> None:
    for client in Client.objects.all():
        rows = FollowUp.objects.on(day).filter(client=client)
        ons = list(client.contacts.counted().values_list("on", flat=True))
        enough = enough_by_hand(ons, 2, 5)
        resting = enough is not None and enough > day
        waits = [row for row in rows if row.rule in PROACTIVE]
        assert not (resting and waits) or len(waits) < len(rows)
        for row in FollowUp.objects.filter(client=client, reason="enough"):
            assert enough and row.keep_until < enough


# --- What they do not want


def refuse(client: Client, by: Any, *channels: str) -> None:
    for channel in channels:
        Consent.take(client, channel, "refused", on=TODAY, evidence="said so", by=by)


def test_who_refuses_every_way_is_left_in_peace_but_served(
    known: Any, make_instalment: Any, alice: Any
) -> None:
    client = known(60)
    make_instalment(client.policies.get(), due_on=TODAY)
    refuse(client, alice, "call", "wechat")
    write_day(TODAY)
    assert set(FollowUp.objects.open().values_list("rule", flat=True)) == {"renewal-due", "cadence"}
    refuse(client, alice, "visit")
    write_day(TODAY)
    assert FollowUp.objects.open().get().rule == "renewal-due"


def test_a_refusal_is_kept_with_its_evidence_and_can_be_taken_back(known: Any, alice: Any) -> None:
    client = known()
    refuse(client, alice, "call")
    Consent.take(client, "call", "granted", on=TODAY + A_DAY, evidence="letter", by=alice)
    word = client.consents.get()
    assert (word.state, word.is_no, word.evidence) == ("granted", False, "letter")
    assert AuditEntry.objects.filter(subject=f"client {client.pk}", action="update").count() == 2
