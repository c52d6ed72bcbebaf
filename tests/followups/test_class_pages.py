"""The classification on pages, on paper and in files."""

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import AuditEntry
from clients.models import Client, Contact
from followups.class_forms import OverrideForm
from followups.class_table import COLUMNS
from followups.daily import write_day
from followups.models import FollowUp, ServiceItem
from policies.classification import classify
from policies.curve import curve_of
from policies.models import ClassOverride, ClientClass, Insurer, Known, Policy
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
JUNE, MAY = date(2026, 6, 1), date(2026, 5, 1)
NAMES = ["甲", "乙", "丙", "丁"]


@pytest.fixture(autouse=True)
def _on_the_day() -> Any:
    with time_machine.travel(f"{TODAY} 10:00+08:00", tick=False):
        yield


@pytest.fixture
def book(make_client: Any, make_policy: Any) -> list[Any]:
    """Four clients: the more they pay, the longer they have been clients."""
    clients = []
    for n, name in enumerate(NAMES):
        client = make_client(name=f"{name}女士", id_number="11010519491231002X" if not n else "")
        make_policy(client, premium=1000 * 4**n, effective_on=date(2026 - n, 1, 1))
        clients.append(client)
    Known.objects.create(client=clients[3], aware=False, means=False)
    return clients


def page(browser: Any, asked: str = "") -> str:
    answer = browser.get(f"/classification/{asked}")
    assert answer.status_code == 200
    return str(answer.content.decode())


# --- the table


def test_the_table_shows_class_change_and_hint(login: Any, alice: Any, book: Any) -> None:
    classify(MAY, MAY)
    Client.objects.filter(pk=book[3].pk).update(do_not_contact=True)
    classify(JUNE, TODAY)
    words = page(login(alice))
    assert all(f"{name}女士" in words for name in NAMES)
    assert words.count('class="cls maintain"') == 4
    assert "arrow-down" in words
    assert "1 changed this month" in words or "1" in words


def test_before_the_first_run_the_page_says_so(login: Any, alice: Any, book: Any) -> None:
    assert "女士" not in page(login(alice))


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("?show=nurture", "丁"),
        ("?show=maintain", "甲乙丙"),
        ("?letter=C", "丁"),
        ("?letter=D", ""),
        ("?q=乙", "乙"),
        ("?tier=key", "丁"),
        ("?by_hand=on", ""),
        ("?moved=on", ""),
        ("?show=x&letter=Z&tier=9&page=-1&month=2026-13&open=x", "甲乙丙丁"),
        ("?month=2026-05", "甲乙丙丁"),
        ("?month=1999-01&page=99999", "甲乙丙丁"),
        ("?off=means", "丁"),
    ],
)
def test_filters_narrow_and_nonsense_is_passed_over(
    asked: str, shown: str, login: Any, alice: Any, book: Any
) -> None:
    classify(JUNE, TODAY)
    words = page(login(alice), asked)
    assert {name for name in NAMES if f"{name}女士</a>" in words} == set(shown)


def test_each_sees_only_their_own(
    login: Any, alice: Any, carol: Any, bob: Any, dora: Any, admin: Any, book: Any
) -> None:
    classify(JUNE, TODAY)
    for user, sees in ((alice, True), (carol, False), (bob, True), (dora, True), (admin, True)):
        assert ("丁女士" in page(login(user))) is sees
    assert "丁女士" not in page(login(dora), f"?agent={carol.pk}")
    assert "丁女士" in page(login(alice), f"?agent={carol.pk}")  # an agent has no choice


def test_numbers_are_masked_everywhere(login: Any, alice: Any, book: Any) -> None:
    classify(JUNE, TODAY)
    Client.objects.update(mobile="13800002046")
    browser = login(alice)
    for words in (page(browser), page(browser, "print/")):
        assert "138 **** 2046" in words
        assert "1101**********002X" in words
        assert "13800002046" not in words
        assert "11010519491231002X" not in words


def test_a_row_opens_the_clients_year(
    login: Any, alice: Any, book: Any, make_followup: Any
) -> None:
    classify(JUNE, TODAY)
    make_followup(book[0], list_on=date(2026, 3, 1), keep_until=date(2026, 3, 2), status="missed")
    words = page(login(alice), f"?open={book[0].pk}")
    assert 'class="year"' in words
    assert 'class="year"' not in page(login(alice), "?open=999999999")


def test_twenty_rows_cost_the_queries_of_one(
    login: Any, alice: Any, bob: Any, make_client: Any, make_policy: Any
) -> None:
    first = make_policy().holder
    browser = login(alice)

    def cost(asked: str) -> int:
        classify(JUNE, TODAY)
        ClassOverride.put(first, "develop", by=bob, reason="x", until=JUNE.replace(month=8))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page(browser, asked)
        return len(queries)

    few = {asked: cost(asked) for asked in ("", "print/", f"?open={first.pk}")}
    for _ in range(19):
        make_policy(make_policy(kind="annuity").holder)
    assert {asked: cost(asked) for asked in few} == few
    assert max(few.values()) <= 16


def test_a_month_that_has_not_begun_is_told_in_words(login: Any, alice: Any, book: Any) -> None:
    classify(JUNE, TODAY)
    browser = login(alice)
    browser.cookies["django_language"] = "en"
    answer = browser.get("/classification/?month=2026-07")
    assert answer.status_code == 422
    words = answer.content.decode()
    assert "July 2026 has not begun" in words
    assert "丁女士" in words
    assert "was not classified" in page(browser, "?month=2026-04")


def test_what_narrows_the_table_is_named_and_can_be_left(login: Any, alice: Any, book: Any) -> None:
    classify(JUNE, TODAY)
    browser = login(alice)
    browser.cookies["django_language"] = "en"
    words = page(browser, "?since=2026-05&was=D&off=means&tier=key&by_hand=on&show=nurture")
    assert "D in May 2026" in words
    assert "Means off target" in words
    assert 'href="?since=2026-05&amp;was=D&amp;tier=key&amp;by_hand=on&amp;show=nurture"' in words


def test_a_month_turns_and_who_moved_up_is_listed_three_days_later(
    make_client: Any, make_policy: Any, alice: Any
) -> None:
    make_client()
    client = make_policy(effective_on=date(2010, 1, 1)).holder
    classify(MAY, MAY)
    Contact.objects.bulk_create(Contact(client=client, by=alice, on=MAY) for _ in range(12))
    Known.objects.create(client=client, satisfied=True, referred=True)
    classify(JUNE, TODAY)
    assert ClientClass.objects.get(client=client, month=JUNE).change == "up"
    assert write_day(JUNE + timedelta(days=2)).created.get("moved-to-develop") is None
    write_day(JUNE + timedelta(days=3))
    listed = FollowUp.objects.get(rule="moved-to-develop")
    assert (listed.client, listed.item, listed.priority) == (client, ServiceItem.POLICY_REVIEW, 4)
    assert listed.keep_until == JUNE + timedelta(days=33)


# --- set by hand


def set_class(browser: Any, client: Any, **said: Any) -> Any:
    usual = {"do": "set", "client_class": "develop", "reason": "二孩出生", "until": "2026-09-12"}
    return browser.post(f"/classification/{client.pk}/", usual | said)


@pytest.mark.parametrize("who", ["alice", "bob", "dora", "admin"])
def test_agent_and_leaders_set_a_class_by_hand(
    who: str, request: Any, login: Any, book: Any
) -> None:
    classify(JUNE, TODAY)
    user = request.getfixturevalue(who)
    assert set_class(login(user), book[0], key="k").status_code == 302
    made = ClassOverride.objects.get()
    assert (made.by, made.client_class, made.reason) == (user, "develop", "二孩出生")
    book[0].refresh_from_db()
    assert book[0].client_class == "develop"
    assert AuditEntry.objects.filter(actor=user, subject=f"client {book[0].pk}").exists()
    assert "二孩出生" in page(login(user), f"{book[0].pk}/")


@pytest.mark.parametrize(
    "said",
    [
        {"reason": ""},
        {"reason": "   "},
        {"client_class": "x"},
        {"client_class": ""},
        {"until": "2026-06-12"},
        {"until": "2020-01-01"},
        {"until": "2026-12-13"},
        {"until": "2026-02-30"},
        {"until": ""},
        {"reason": "x" * 201},
    ],
)
def test_what_is_no_proper_override_is_told_and_nothing_saved(
    said: dict[str, str], login: Any, alice: Any, book: Any
) -> None:
    classify(JUNE, TODAY)
    answer = set_class(login(alice), book[0], **said)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not ClassOverride.objects.exists()


def test_six_months_are_the_longest() -> None:
    said = {"client_class": "develop", "reason": "x", "until": "2026-12-12"}
    assert OverrideForm(said, today=TODAY).is_valid()


def test_a_form_sent_twice_acts_once(login: Any, alice: Any, book: Any) -> None:
    classify(JUNE, TODAY)
    browser = login(alice)
    for _ in range(2):
        assert set_class(browser, book[0], key="once").status_code == 302
    assert ClassOverride.objects.count() == 1


def test_the_figures_decide_again(login: Any, alice: Any, book: Any) -> None:
    classify(JUNE, TODAY)
    browser = login(alice)
    set_class(browser, book[0])
    browser.post(f"/classification/{book[0].pk}/", {"do": "lift", "key": "l"})
    book[0].refresh_from_db()
    assert book[0].client_class == "maintain"
    assert ClientClass.objects.get(client=book[0]).override is None


@pytest.mark.parametrize(
    ("said", "saved"),
    [
        ({"income": "120000"}, (120_000, None, None)),
        ({"need": "800000", "referred": "false"}, (None, 800_000, False)),
        ({}, (None, None, None)),
    ],
)
def test_what_was_found_out_is_kept_and_the_rest_stays_unknown(
    said: dict[str, str], saved: tuple[Any, ...], login: Any, alice: Any, book: Any
) -> None:
    answer = login(alice).post(f"/classification/{book[0].pk}/", said | {"do": "know"})
    assert answer.status_code == 302
    known = Known.objects.get(client=book[0])
    assert (known.income, known.need, known.referred) == saved


@pytest.mark.parametrize("income", ["0", "-5", "viel", "1e400", "NaN"])
def test_an_income_that_is_none_is_told(income: str, login: Any, alice: Any, book: Any) -> None:
    said = {"do": "know", "income": income}
    assert login(alice).post(f"/classification/{book[0].pk}/", said).status_code == 422
    assert not Known.objects.filter(client=book[0]).exists()


def test_a_strangers_client_is_not_there(login: Any, carol: Any, auditor: Any, book: Any) -> None:
    assert login(carol).get(f"/classification/{book[0].pk}/").status_code == 404
    assert set_class(login(carol), book[0]).status_code == 404
    assert set_class(login(auditor), book[0]).status_code == 404


# --- the curve


def test_the_largest_clients_bring_most_of_the_premium(
    make_policy: Any, login: Any, dora: Any, alice: Any
) -> None:
    for premium in [800, *[50] * 4]:
        make_policy(premium=premium)
    classify(JUNE, TODAY)
    curve = curve_of(ClientClass.objects.filter(month=JUNE))
    assert curve.fifth is not None
    assert (curve.fifth.n, curve.fifth.share) == (1, 800 / curve.premium)
    assert (curve.points[-1].n, curve.points[-1].share) == (5, 1)
    assert [tier.n for tier in curve.tiers] == [1, 2, 2]
    words = page(login(dora), "curve/")
    assert "80.0" in words
    assert "<polyline" in words
    assert login(alice).get("/classification/curve/").status_code == 403


@given(
    premiums=st.lists(st.integers(0, 9).map(lambda n: n * n * 100), min_size=1, max_size=30),
    alone=st.lists(st.integers(1, 9).map(lambda n: n * 1000), max_size=5),
)
@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_curve_and_tiers_are_those_counted_by_hand(
    premiums: list[int], alone: list[int], alice: Any, carol: Any
) -> None:
    with transaction.atomic():
        own = {alice: sorted(premiums, reverse=True), carol: sorted(alone, reverse=True)}
        for agent, amounts in own.items():
            clients = [Client(name="甲", agent=agent) for _ in amounts]
            Client.objects.bulk_create(clients)
            Policy.objects.bulk_create(
                Policy(insurer=Insurer.usual(), policy_no=f"{agent.pk}-{n}", holder=client, premium=amount)
                for n, (client, amount) in enumerate(zip(clients, amounts, strict=True))
            )  # fmt: skip
        classify(JUNE, TODAY)
        curve = curve_of(ClientClass.objects.filter(month=JUNE))
        everybody = sorted(premiums + alone, reverse=True)
        for point in curve.points:
            assert point.n == -(-len(everybody) * point.clients // 100)
            assert point.premium == sum(everybody[: point.n])
        counted: dict[str, list[int]] = {}
        for amounts in own.values():
            for ahead, amount in enumerate(amounts):
                counted.setdefault(_tier(ahead, len(amounts), amount), []).append(amount)
        found = {tier.code: (tier.n, tier.premium) for tier in curve.tiers}
        assert found == {code: (len(sums), sum(sums)) for code, sums in counted.items()}
        transaction.set_rollback(True)


def _tier(ahead: int, of: int, amount: int) -> str:
    """The first 4 %, the next 16 %, the next 40 % of an agent's clients who pay."""
    upto = [(4, "key"), (20, "important"), (60, "general"), (101, "maintenance")]
    return (
        next(code for share, code in upto if 100 * ahead < share * of) if amount else "maintenance"
    )


def test_without_premiums_there_is_no_curve(login: Any, dora: Any, book: Any) -> None:
    assert "<polyline" not in page(login(dora), "curve/")


# --- files


def told(capsys: Any, *arguments: str) -> list[dict[str, str]]:
    call_command("export_classes", "--month", "2026-06", *arguments)
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out.lstrip("\ufeff"))))


def test_the_command_writes_the_nine_columns_and_letter_change_reason(
    capsys: Any, book: Any, alice: Any
) -> None:
    Client.objects.filter(pk=book[0].pk).update(mobile="13800002046")
    classify(JUNE, TODAY)
    ClassOverride.put(book[0], "develop", by=alice, reason="=二孩", until=date(2026, 9, 1))
    rows = told(capsys)
    assert tuple(rows[0]) == COLUMNS
    [first] = [row for row in rows if row["name"] == "甲女士"]
    assert first["number"] == "1"
    assert (first["phone"], first["id_number"]) == ("138 **** 2046", "1101**********002X")
    assert first["policy_no"] == book[0].policies.get().policy_no
    assert first["reason"] == "'=二孩"
    entry = AuditEntry.objects.get(action="export")
    assert entry.detail == {"rows": 4, "agent": None, "revealed": False}


def test_revealed_numbers_are_recorded(capsys: Any, book: Any) -> None:
    Client.objects.filter(pk=book[0].pk).update(mobile="13800002046")
    classify(JUNE, TODAY)
    rows = told(capsys, "--reveal")
    assert "13800002046" in {row["phone"] for row in rows}
    assert "11010519491231002X" in {row["id_number"] for row in rows}
    assert AuditEntry.objects.get(action="export").detail["revealed"] is True


def test_the_command_refuses_a_month_without_a_run(book: Any) -> None:
    for month in ("2026-06", "2026-6x", ""):
        with pytest.raises(CommandError):
            call_command("export_classes", "--month", month)
    classify(JUNE, TODAY)
    with pytest.raises(CommandError):
        call_command("export_classes", "--month", "2026-06", "--agent", "nobody")
    assert not AuditEntry.objects.exists()


def test_a_printed_table_says_whose_it_is(login: Any, alice: Any, book: Any) -> None:
    classify(JUNE, TODAY)
    words = page(login(alice), "print/?show=nurture")
    assert "林晓芸 A1" in words
    assert words.count("<tr><td>") == 1


# --- on the client's page


def test_the_clients_page_says_why_and_what_kind_of_account(
    login: Any, alice: Any, book: Any
) -> None:
    before = login(alice).get(f"/clients/{book[3].pk}/").content.decode()
    classify(JUNE, TODAY)
    words = login(alice).get(f"/clients/{book[3].pk}/").content.decode()
    assert "#gem" in words
    assert f'"/classification/{book[3].pk}/"' in words
    assert f'"/classification/{book[3].pk}/"' not in before
