"""The monthly classification: each score's arithmetic, the classes, and what outlives a run."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import AuditEntry
from clients.models import Client, Contact
from lib import dates
from policies.classification import NotBegunError, classify, classify_due, month_due
from policies.models import (
    ClassificationRun,
    ClassOverride,
    ClientClass,
    Instalment,
    Known,
    Thresholds,
)
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
JUNE, MAY, JULY = date(2026, 6, 1), date(2026, 5, 1), date(2026, 7, 1)


def row_of(client: Any, month: date = JUNE) -> ClientClass:
    return ClientClass.objects.get(client=client, month=month)


@pytest.fixture
def talk(alice: Any) -> Callable[..., None]:
    def had(client: Any, times: int, on: date = date(2026, 5, 20), **fields: Any) -> None:
        for _ in range(times):
            Contact.objects.create(client=client, by=alice, on=on, **fields)

    return had


# --- the arithmetic: the table of docs/classification.md


@pytest.mark.parametrize(
    ("years", "policies", "value"),
    [(0, 1, 64), (1, 1, 66), (5, 2, 78), (10, 1, 84), (15, 1, 84), (10, 5, 100), (10, 7, 100)],
)
def test_value_is_the_rank_of_the_premium_the_years_and_the_policies(
    years: int, policies: int, value: int, make_client: Any, make_policy: Any
) -> None:
    make_client()  # somebody who pays less
    client = make_client()
    for _ in range(policies):
        make_policy(client, effective_on=dates.add_years(JUNE, -years))
    classify(JUNE, TODAY)
    assert row_of(client).value == value


def test_the_rank_is_the_share_of_the_book_that_pays_less(
    make_client: Any, make_policy: Any
) -> None:
    premiums = [0, 100, 200, 200, 400]
    clients = [make_policy(premium=p, effective_on=JUNE).holder for p in premiums]
    classify(JUNE, TODAY)
    assert [row_of(client).standing for client in clients] == [0, 25, 50, 50, 100]
    assert [row_of(client).value - 4 for client in clients] == [0, 15, 30, 30, 60]


@pytest.mark.parametrize(
    ("mode", "premium"),
    [("yearly", 1200), ("half_yearly", 600), ("quarterly", 300), ("monthly", 100)],
)
def test_the_premium_is_that_of_a_year(mode: str, premium: int, make_policy: Any) -> None:
    policy = make_policy(premium_mode=mode, premium=premium)
    make_policy(policy.holder, premium_mode="single", premium=100_000)
    make_policy(policy.holder, status="surrendered")
    make_policy(policy.holder, lapses_on=JUNE)
    classify(JUNE, TODAY)
    assert row_of(policy.holder).premium == 1200


@pytest.mark.parametrize(
    ("sums", "known", "coverage"),
    [
        (200_000, {"need": 800_000}, 25),
        (200_000, {"income": 100_000}, 20),
        (
            200_000,
            {"income": 100_000, "need": 400_000},
            50,
        ),  # what was set outranks the rule of thumb
        (900_000, {"need": 800_000}, 100),
        (0, {"need": 800_000}, 0),
        (200_000, {}, None),
        (200_000, {"satisfied": True}, None),
    ],
)
def test_coverage_is_sums_against_need_and_unknown_without_one(
    sums: int, known: dict[str, Any], coverage: int | None, make_policy: Any
) -> None:
    client = make_policy(sum_assured=sums).holder
    Known.objects.create(client=client, **known)
    classify(JUNE, TODAY)
    assert row_of(client).coverage == coverage


@pytest.mark.parametrize(
    ("contacts", "known", "relation"),
    [
        (0, {}, 0),
        (1, {}, 4),
        (6, {}, 25),
        (12, {}, 50),
        (30, {}, 50),
        (6, {"satisfied": True}, 45),
        (6, {"satisfied": False, "referred": True}, 45),
        (12, {"satisfied": True, "referred": True}, 90),
    ],
)
def test_relation_is_contacts_satisfaction_and_referral(
    contacts: int, known: dict[str, Any], relation: int, make_policy: Any, talk: Any
) -> None:
    client = make_policy().holder
    talk(client, contacts)
    Known.objects.create(client=client, **known)
    classify(JUNE, TODAY)
    assert row_of(client).relation == relation


def test_only_conversations_of_the_last_twelve_months_count(make_policy: Any, talk: Any) -> None:
    client = make_policy().holder
    talk(client, 1, outcome="no_answer")
    talk(client, 1, outcome="wrong_number")
    talk(client, 1, outcome="not_home")
    talk(client, 1, undone_at="2026-05-21T08:00Z")
    talk(client, 1, on=date(2025, 5, 31))
    talk(client, 1, on=JUNE)  # belongs to the month to come
    talk(client, 1, on=date(2025, 6, 1), outcome="refused")
    classify(JUNE, TODAY)
    assert row_of(client).contacts == 1


@pytest.mark.parametrize(
    ("paid", "late", "never", "points"), [(1, 0, 0, 10), (1, 1, 0, 5), (1, 0, 2, 3), (0, 1, 0, 0)]
)
def test_premiums_paid_in_time_are_worth_ten_points(
    paid: int, late: int, never: int, points: int, make_policy: Any
) -> None:
    policy, due_on = make_policy(), date(2025, 7, 1)
    for kind in ["paid"] * paid + ["late"] * late + ["never"] * never:
        ends = due_on + timedelta(days=20)
        paid_on = {"paid": ends, "late": ends + timedelta(days=1), "never": None}[kind]
        Instalment.objects.create(
            policy=policy, due_on=due_on, grace_ends_on=ends, amount=9, paid_on=paid_on
        )
        due_on += timedelta(days=7)
    classify(JUNE, TODAY)
    row = row_of(policy.holder)
    assert row.relation == points
    assert row.on_time == 100 * paid // (paid + late + never)


@pytest.mark.parametrize(
    ("effective_on", "paid", "known", "confidence"),
    [
        (None, False, {}, 47),
        (MAY, False, {}, 55),
        (MAY, True, {}, 58),
        (MAY, True, {"need": 1}, 88),
        (MAY, True, {"income": 1, "satisfied": False}, 94),
        (MAY, True, {"need": 1, "satisfied": True, "referred": False}, 100),
    ],
)
def test_what_is_missing_lowers_the_confidence(
    effective_on: date | None, paid: bool, known: dict[str, Any], confidence: int, make_policy: Any
) -> None:
    policy = make_policy(effective_on=effective_on)
    if paid:
        Instalment.objects.create(
            policy=policy, due_on=MAY, grace_ends_on=JULY, amount=9, paid_on=MAY
        )
    Known.objects.create(client=policy.holder, **known)
    classify(JUNE, TODAY)
    assert row_of(policy.holder).confidence == confidence


@pytest.mark.parametrize(
    ("need", "propensity"),
    [
        (None, 66),  # (4 × 84 + 3 × 41) / 7 = 65.57
        (800_000, 66),  # 0.4 × 84 + 0.3 × (100 - 33) + 0.3 × 41 = 66
        (100_000, 46),  # covered: 33.6 + 0 + 12.3
    ],
)
def test_propensity_weighs_what_is_known(
    need: int | None, propensity: int, make_client: Any, make_policy: Any, talk: Any
) -> None:
    make_client()
    client = make_policy(effective_on=date(2016, 6, 1), sum_assured=264_000).holder
    talk(client, 5)
    Known.objects.create(client=client, need=need, satisfied=True)
    classify(JUNE, TODAY)
    row = row_of(client)
    assert (row.value, row.relation) == (84, 41)
    assert row.propensity == propensity


# --- against a slow version in Python, on random books


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


@dataclass
class Slow:
    """One client of the book, counted by hand."""

    premium: int
    years: int | None
    policies: int
    sums: int
    contacts: int
    need: int | None
    satisfied: bool | None
    age: int | None
    deceased: bool
    last: str
    value: int = 0

    def scored(self, book: "list[Slow]", limits: Thresholds) -> tuple[Any, ...]:
        below = sum(other.premium < self.premium for other in book)
        rank = half_up(Fraction(60 * below, max(len(book) - 1, 1)))
        value = rank + 2 * min(self.years or 0, 10) + 4 * min(self.policies, 5)
        relation = half_up(Fraction(50 * min(self.contacts, 12), 12)) + 20 * bool(self.satisfied)
        coverage = min(half_up(Fraction(100 * self.sums, self.need)), 100) if self.need else None
        if coverage is None:
            propensity = half_up(Fraction(4 * value + 3 * relation, 7))
        else:
            weighed = 4 * value + 3 * (100 - coverage) + 3 * relation
            propensity = half_up(Fraction(weighed, 10))
        return (
            value,
            coverage,
            relation,
            propensity,
            self._class(limits, value, relation, propensity),
        )

    def _class(self, limits: Thresholds, value: int, relation: int, propensity: int) -> str:
        if self.deceased or (self.age is not None and self.age >= limits.old_from):
            return "maintain"
        up = {"": 0, "develop": -limits.margin}.get(self.last, limits.margin)
        kept = {"": 0, "maintain": limits.margin}.get(self.last, -limits.margin)
        if propensity >= limits.develop_from + up and relation >= limits.relation_from + up:
            return "develop"
        hardly_known = relation < limits.relation_from - kept
        if propensity >= limits.nurture_from + kept:
            return "nurture"
        if value >= limits.value_from + kept and hardly_known:
            return "nurture"
        return "maintain"


PEOPLE = st.builds(
    Slow,
    premium=st.integers(0, 4).map(lambda n: n * 1000),
    years=st.none() | st.integers(0, 14),
    policies=st.integers(1, 6),
    sums=st.integers(0, 5).map(lambda n: n * 50_000),
    contacts=st.integers(0, 14),
    need=st.none() | st.integers(1, 300_000),
    satisfied=st.sampled_from([None, True, False]),
    age=st.none() | st.integers(18, 80),
    deceased=st.integers(0, 9).map(lambda n: n == 0),
    last=st.sampled_from(["", "develop", "nurture", "maintain"]),
)


@given(book=st.lists(PEOPLE, min_size=1, max_size=8), margin=st.integers(0, 9))
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_random_books_are_classified_as_by_hand(
    book: list[Slow], margin: int, alice: Any, make_client: Any, make_policy: Any, talk: Any
) -> None:
    with transaction.atomic():
        limits = Thresholds.objects.create(margin=margin)
        ClassificationRun.objects.create(month=MAY)
        clients = [written_down(person, make_client, make_policy, alice) for person in book]
        classify(JUNE, TODAY)
        for person, client in zip(book, clients, strict=True):
            row = row_of(client)
            found = (row.value, row.coverage, row.relation, row.propensity, row.auto_class)
            assert found == person.scored(book, limits), person
        transaction.set_rollback(True)


def written_down(person: Slow, make_client: Any, make_policy: Any, by: Any) -> Any:
    born_on = dates.add_years(JUNE, -person.age) if person.age is not None else None
    client = make_client(birth_on=born_on, deceased=person.deceased)
    since = dates.add_years(JUNE, -person.years) if person.years is not None else None
    for number in range(person.policies):
        premium, sums = (person.premium, person.sums) if number == 0 else (0, None)
        make_policy(client, premium=premium, sum_assured=sums, effective_on=since)
    said = [Contact(client=client, by=by, on=MAY) for _ in range(person.contacts)]
    Contact.objects.bulk_create(said)
    Known.objects.create(client=client, need=person.need, satisfied=person.satisfied)
    if person.last:
        zeros = dict.fromkeys(
            ["value", "relation", "propensity", "confidence", "standing", "policies", "contacts"], 0
        )
        ClientClass.objects.create(
            client=client,
            month=MAY,
            premium=0,
            sums=0,
            tier="key",
            auto_class=person.last,
            final_class=person.last,
            **zeros,
        )
    return client


# --- the classes


def test_who_must_be_left_alone_is_maintained_and_told_why(
    make_client: Any, make_policy: Any
) -> None:
    people = {
        "deceased": make_client(deceased=True),
        "no_contact": make_client(do_not_contact=True),
        "complaint": make_client(complaint_open_since=MAY),
        "no_sales": make_client(do_not_sell=True),
        "lapsed": make_client(),
        "old": make_client(birth_on=date(1956, 6, 1)),
        "": make_client(birth_on=date(1956, 6, 2)),
    }
    for _ in range(20):
        make_client()  # people who pay less
    for why, client in people.items():
        lapsed = {"lapses_on": MAY} if why == "lapsed" else {}
        make_policy(client, effective_on=date(2010, 1, 1), premium=90_000, **lapsed)
    classify(JUNE, TODAY)
    assert {row_of(client).blocked: row_of(client).final_class for client in people.values()} == {
        **dict.fromkeys(
            ["deceased", "no_contact", "complaint", "no_sales", "lapsed", "old"], "maintain"
        ),
        "": "nurture",
    }


@pytest.mark.parametrize(
    ("before", "propensity", "now"),
    [
        ("", 44, "nurture"),
        ("maintain", 44, "maintain"),
        ("maintain", 45, "nurture"),
        ("nurture", 35, "nurture"),
        ("nurture", 34, "maintain"),
        ("nurture", 64, "nurture"),
        ("nurture", 65, "develop"),
        ("develop", 55, "develop"),
        ("develop", 54, "nurture"),
    ],
)
def test_a_limit_must_be_passed_by_five_points_to_change_the_class(
    before: str, propensity: int, now: str
) -> None:
    limits = Thresholds()
    person = Slow(0, None, 1, 0, 0, None, None, None, False, before)
    assert person._class(limits, 0, 60, propensity) == now


def test_a_client_at_a_limit_does_not_flip_from_month_to_month(
    make_client: Any, make_policy: Any, talk: Any
) -> None:
    make_client()
    client = make_policy(effective_on=date(2016, 1, 1)).holder
    Known.objects.create(client=client, satisfied=True, referred=True)
    classify(MAY, MAY)
    assert row_of(client, MAY).final_class == "develop"
    Known.objects.filter(client=client).update(referred=False)
    talk(client, 4)  # 37 points: below 40, but within the margin
    classify(JUNE, TODAY)
    assert row_of(client).relation == 37
    assert row_of(client).final_class == "develop"
    assert row_of(client).change == ""


def test_without_last_month_the_limit_itself_counts(
    make_client: Any, make_policy: Any, talk: Any
) -> None:
    make_client()
    client = make_policy(effective_on=date(2016, 1, 1)).holder
    Known.objects.create(client=client, satisfied=True)
    talk(client, 4)
    classify(JUNE, TODAY)
    assert (row_of(client).relation, row_of(client).final_class) == (37, "nurture")


def test_tiers_follow_the_premium_within_each_agents_clients(make_policy: Any, carol: Any) -> None:
    mine = [make_policy(premium=1000 - n).holder for n in range(25)]
    make_policy(mine[0], premium=0)
    nothing = make_policy(premium=0).holder
    theirs = make_policy(premium=1).holder
    Client.objects.filter(pk=theirs.pk).update(agent=carol)
    classify(JUNE, TODAY)
    tiers = [row_of(client).tier for client in mine]
    assert [tiers.count(tier) for tier in ClientClass.Tier.values] == [2, 4, 10, 9]
    assert tiers == sorted(tiers, key=ClientClass.Tier.values.index)
    assert row_of(nothing).tier == "maintenance"
    assert row_of(theirs).tier == "key"


@pytest.mark.parametrize(
    ("held", "hint"),
    [
        (["annuity"], "critical_illness"),
        (["critical_illness"], "medical"),
        (["critical_illness", "medical"], "life"),
        (["critical_illness", "medical", "term"], "annuity"),
        (["critical_illness", "medical", "whole_life", "annuity"], "review"),
    ],
)
def test_the_hint_names_the_first_kind_of_cover_that_is_missing(
    held: list[str], hint: str, make_client: Any, make_policy: Any, talk: Any
) -> None:
    client = make_client()
    for kind in held:
        make_policy(client, kind=kind, effective_on=date(2010, 1, 1))
    Known.objects.create(client=client, satisfied=True, referred=True)
    make_client()
    talk(client, 12)
    classify(JUNE, TODAY)
    assert (row_of(client).final_class, row_of(client).hint) == ("develop", hint)


def test_the_hint_begins_with_what_is_in_danger(make_instalment: Any) -> None:
    client = make_instalment(due_on=date(2026, 5, 20)).policy.holder
    classify(JUNE, TODAY)
    assert row_of(client).hint == "grace"


# --- runs


def test_running_a_month_twice_changes_nothing(make_policy: Any) -> None:
    clients = [make_policy(premium=n * 1000).holder for n in range(5)]
    first = classify(JUNE, TODAY)
    rows = list(ClientClass.objects.order_by("pk").values())
    versions = list(Client.objects.order_by("pk").values_list("version", "client_class"))
    again = classify(JUNE, TODAY)
    assert again.written == 0
    assert again.counts == first.counts
    assert list(ClientClass.objects.order_by("pk").values()) == rows
    assert list(Client.objects.order_by("pk").values_list("version", "client_class")) == versions
    assert len(rows) == len(clients)


def test_only_clients_of_another_class_are_written(make_policy: Any, make_client: Any) -> None:
    same, other, unclassed = (make_client(attention="A") for _ in range(3))
    Client.objects.filter(pk__in=[same.pk, other.pk]).update(client_class="maintain")
    make_policy(other, effective_on=date(2010, 1, 1))
    run = classify(JUNE, TODAY)
    for client in (same, other, unclassed):
        client.refresh_from_db()
    assert run.written == 1
    assert [client.client_class for client in (same, other, unclassed)] == [
        "maintain",
        "nurture",
        "",
    ]
    assert (same.version, other.version) == (1, 2)


def test_a_month_that_is_over_stays_as_it_was_counted(make_policy: Any) -> None:
    client = make_policy(effective_on=date(2010, 1, 1)).holder
    classify(MAY, MAY)
    before = row_of(client, MAY)
    Client.objects.filter(pk=client.pk).update(deceased=True)
    classify(MAY, TODAY)
    assert row_of(client, MAY).blocked == before.blocked == ""


def test_an_earlier_month_leaves_the_clients_as_the_latest_says(make_policy: Any) -> None:
    client = make_policy(effective_on=date(2010, 1, 1)).holder
    make_policy(premium=1)
    classify(JUNE, TODAY)
    Client.objects.filter(pk=client.pk).update(client_class="develop")
    assert classify(MAY, TODAY).written == 0
    client.refresh_from_db()
    assert client.client_class == "develop"


def test_a_month_in_the_future_is_refused(make_policy: Any) -> None:
    make_policy()
    with pytest.raises(NotBegunError):
        classify(JULY, TODAY)
    assert not ClassificationRun.objects.exists()
    assert not ClientClass.objects.exists()


def test_an_empty_book_is_classified_too() -> None:
    run = classify(JUNE, TODAY)
    assert run.counts == {"develop": 0, "nurture": 0, "maintain": 0}


def test_a_month_is_due_until_it_has_run() -> None:
    assert month_due(TODAY) == JUNE
    classify(JUNE, TODAY)
    assert month_due(TODAY) is None
    assert month_due(JULY) == JULY


def test_the_change_since_last_month_is_kept(make_policy: Any, make_client: Any) -> None:
    client = make_policy(effective_on=date(2010, 1, 1)).holder
    make_client()
    classify(MAY, MAY)
    Client.objects.filter(pk=client.pk).update(do_not_contact=True)
    run = classify(JUNE, TODAY)
    assert row_of(client).change == "down"
    assert run.moved == 1
    assert list(ClientClass.objects.filter(month=JUNE).moved()) == [row_of(client)]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_who_ask_at_once_classify_once(make_policy: Any) -> None:
    make_policy()

    def ask(_: int) -> bool:
        try:
            return classify_due(TODAY) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(ask, range(2))) == [False, True]
    assert ClassificationRun.objects.count() == ClientClass.objects.count() == 1


# --- set by hand


def test_what_is_set_by_hand_outlives_the_runs_until_it_ends(make_policy: Any, bob: Any) -> None:
    client = make_policy().holder
    classify(MAY, MAY)
    ClassOverride.put(client, "develop", by=bob, reason="二孩出生", until=date(2026, 6, 30))
    client.refresh_from_db()
    assert client.client_class == "develop"
    assert row_of(client, MAY).final_class == "develop"
    run = classify(JUNE, TODAY)
    assert run.overridden == 1
    assert (row_of(client).final_class, row_of(client).auto_class) == ("develop", "maintain")
    classify(JULY, JULY)
    assert row_of(client, JULY).override is None
    client.refresh_from_db()
    assert client.client_class == row_of(client, JULY).auto_class


def test_a_later_word_replaces_the_earlier_one(make_policy: Any, alice: Any, bob: Any) -> None:
    client = make_policy().holder
    classify(JUNE, TODAY)
    ClassOverride.put(client, "develop", by=alice, reason="a", until=JULY)
    ClassOverride.put(client, "nurture", by=bob, reason="b", until=JULY)
    assert ClassOverride.objects.get(lifted_at=None).by == bob
    ClassOverride.lift(client, by=bob)
    client.refresh_from_db()
    assert client.client_class == row_of(client).auto_class
    assert row_of(client).override is None
    assert AuditEntry.objects.filter(action="update").count() == 3


# --- limits that make no sense


@pytest.mark.parametrize(
    ("field", "limits"),
    [
        ("nurture_from", {"nurture_from": 60}),
        ("nurture_from", {"nurture_from": 80}),
        ("margin", {"margin": 10}),
        ("margin", {"value_from": 5}),
        ("develop_from", {"develop_from": 98}),
        ("general_share", {"general_share": 90}),
        ("develop_from", {"develop_from": 101}),
        ("old_from", {"old_from": 20}),
    ],
)
def test_limits_that_make_no_sense_are_told_in_words(field: str, limits: dict[str, int]) -> None:
    with pytest.raises(ValidationError) as told:
        Thresholds(**limits).full_clean()
    assert field in told.value.message_dict
    Thresholds().full_clean()


def test_the_limits_are_what_counts(make_policy: Any) -> None:
    client = make_policy(effective_on=date(2010, 1, 1)).holder
    Thresholds.objects.create(value_from=20, nurture_from=10, margin=2)
    run = classify(JUNE, TODAY)
    assert row_of(client).final_class == "nurture"
    assert run.thresholds["nurture_from"] == 10


# --- the command


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("classify", *arguments)
    return capsys.readouterr().out


def test_the_command_says_what_came_out(
    make_policy: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    make_policy()
    found = json.loads(said(capsys, "--month", f"{dates.today():%Y-%m}", "--json"))
    assert found["counts"] == {"develop": 0, "nurture": 0, "maintain": 1}
    assert set(found) >= {"month", "changed", "overridden", "seconds", "written"}
    assert "1 maintain" in said(capsys)


@pytest.mark.parametrize("month", ["2026", "2026-13", "june", "9999-01"])
def test_the_command_refuses_what_is_no_month_or_has_not_begun(month: str) -> None:
    with pytest.raises(CommandError):
        call_command("classify", "--month", month)
    assert not ClassificationRun.objects.exists()
