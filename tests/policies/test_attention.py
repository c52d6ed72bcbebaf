"""The letter of a client: five indicators, some from the book, some marked after a visit."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import AuditEntry
from clients.models import Client, Moved
from lib import dates
from policies.attention import attention_of, mark
from policies.classification import classify, letter_of
from policies.known import MARKED, Indicator
from policies.models import ClientClass, Known, Mark, Thresholds
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
JUNE, MAY = date(2026, 6, 1), date(2026, 5, 1)
A_DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _on_the_day() -> Any:
    with time_machine.travel(f"{TODAY} 10:00+08:00", tick=False):
        yield


def row_of(client: Any, month: date = JUNE) -> ClientClass:
    return ClientClass.objects.get(client=client, month=month)


# --- the letter


@pytest.mark.parametrize(("off", "letter"), [(0, "A"), (1, "B"), (2, "C"), (3, "D"), (5, "D")])
def test_the_letter_counts_what_is_off_target(off: int, letter: str) -> None:
    assert letter_of([False] * off + [True, None] * 3) == letter


@given(
    known=st.lists(st.sampled_from([None, True, False]), min_size=3, max_size=3),
    lapsed=st.booleans(),
    moved=st.booleans(),
)
@hypothesis_settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_run_gives_each_client_the_letter_of_its_indicators(
    known: list[bool | None], lapsed: bool, moved: bool, make_policy: Any
) -> None:
    client = make_policy(lapses_on=MAY if lapsed else None).holder
    Known.objects.create(client=client, **dict(zip(MARKED.values(), known, strict=True)))
    if moved:
        Moved.objects.create(client=client, what="address", on=MAY)
    classify(JUNE, TODAY)
    row = row_of(client)
    assert list(row.indicators.values()) == [not lapsed, *known, not moved]
    assert row.attention == letter_of(row.indicators.values())
    client.refresh_from_db()
    assert client.attention == row.attention


# --- policy quality: from the payments


@pytest.mark.parametrize(
    ("owed", "quality"),
    [
        ({"due_on": JUNE - A_DAY}, False),  # unpaid past its date
        ({"due_on": JUNE}, True),  # falls due on the day that is counted
        ({"due_on": date(2026, 3, 20)}, False),  # lapsed on 20 May
        ({"due_on": date(2025, 4, 1)}, False),  # lapsed on 1 June, a year ago to the day
        ({"due_on": date(2025, 3, 20)}, True),  # lapsed more than a year ago
    ],
)
def test_quality_is_off_while_a_premium_is_late_and_a_year_after_a_lapse(
    owed: dict[str, Any], quality: bool, make_instalment: Any
) -> None:
    client = make_instalment(**owed).policy.holder
    classify(JUNE, TODAY)
    assert row_of(client).quality_ok is quality


def test_who_came_back_from_a_lapse_is_watched_for_a_year(make_policy: Any) -> None:
    lately = make_policy(reinstated_on=date(2025, 6, 1)).holder
    longer = make_policy(reinstated_on=date(2025, 5, 31)).holder
    classify(JUNE, TODAY)
    assert (row_of(lately).quality_ok, row_of(longer).quality_ok) == (False, True)


def test_without_a_policy_its_quality_is_unknown(make_client: Any) -> None:
    client = make_client()
    classify(JUNE, TODAY)
    assert (row_of(client).quality_ok, row_of(client).attention) == (None, "A")


# --- mobility: from the changes of address and numbers


@pytest.mark.parametrize(
    ("field", "was", "now", "noted"),
    [
        ("address", "文三路 1 号", "古翠路 9 号", True),
        ("mobile", "13800002046", "13900002046", True),
        ("phone", "0571-1", "0571-2", True),
        ("address", "", "古翠路 9 号", False),
        ("address", "文三路 1 号", "", False),
        ("address", "文三路 1 号", "文三路1号", False),
        ("note", "a", "b", False),
    ],
)
def test_the_database_notes_who_moves(
    field: str, was: str, now: str, noted: bool, make_client: Any
) -> None:
    client = make_client(**{field: was})
    Moved.notes_are_of(TODAY)
    Client.objects.filter(pk=client.pk).update(**{field: now})
    found = list(Moved.objects.values_list("client", "what", "on"))
    assert found == ([(client.pk, field, TODAY)] if noted else [])


def test_who_moves_twice_a_day_moved_once(make_client: Any) -> None:
    client = make_client(address="a")
    for address in ("b", "c", "a"):
        Client.objects.filter(pk=client.pk).update(address=address)
    assert Moved.objects.count() == 1


def test_a_move_typed_on_the_form_is_of_the_offices_day(
    login: Any, alice: Any, make_client: Any
) -> None:
    client = make_client(address="文三路 1 号")
    typed = {"name": client.name, "birthday_calendar": "solar", "address": "古翠路 9 号"}
    answer = login(alice).post(f"/clients/{client.pk}/edit/", typed | {"version": client.version})
    assert answer.status_code == 302
    assert Moved.objects.get().on == TODAY


@pytest.mark.parametrize(
    ("moves", "limit", "mobility"),
    [
        ([], 1, True),
        ([date(2026, 5, 31)], 1, False),
        ([date(2026, 5, 31)], 2, True),
        ([date(2025, 6, 1), date(2026, 5, 31)], 2, False),
        ([date(2025, 5, 31)], 1, True),
        ([JUNE], 1, True),  # belongs to the month to come
    ],
)
def test_mobility_counts_the_moves_of_twelve_months(
    moves: list[date], limit: int, mobility: bool, make_client: Any
) -> None:
    client = make_client()
    for on in moves:
        Moved.objects.create(client=client, what="address", on=on)
    Thresholds.objects.create(moves_from=limit)
    classify(JUNE, TODAY)
    assert row_of(client).mobility_ok is mobility


def test_who_has_neither_address_nor_number_may_be_anywhere(make_client: Any) -> None:
    client = make_client(mobile="")
    classify(JUNE, TODAY)
    assert row_of(client).mobility_ok is None


# --- marked after a visit


def test_a_tap_changes_the_letter_at_once_and_says_who_and_when(
    make_policy: Any, alice: Any
) -> None:
    client = make_policy().holder
    classify(JUNE, TODAY)
    assert mark(client, "means", False, by=alice) == "B"
    assert mark(client, "awareness", False, by=alice) == "C"
    client.refresh_from_db()
    assert client.attention == row_of(client).attention == "C"
    found = attention_of(client, row_of(client))
    assert [(sign.code, sign.by, sign.on) for sign in found.off] == [
        ("awareness", "林晓芸", TODAY),
        ("means", "林晓芸", TODAY),
    ]
    assert AuditEntry.objects.filter(actor=alice, subject=f"client {client.pk}").count() == 2


def test_what_was_marked_stands_in_the_next_month_as_well(make_policy: Any, alice: Any) -> None:
    client = make_policy().holder
    classify(MAY, MAY)
    mark(client, "satisfaction", False, by=alice)
    classify(JUNE, TODAY)
    assert (row_of(client).satisfaction_ok, row_of(client).attention) == (False, "B")


def test_a_mark_is_taken_back_and_is_unknown_again(make_policy: Any, alice: Any) -> None:
    client = make_policy().holder
    classify(JUNE, TODAY)
    mark(client, "means", False, by=alice)
    assert mark(client, "means", None, by=alice) == "A"
    assert row_of(client).means_ok is None
    assert [m.on_target for m in Mark.objects.order_by("pk")] == [False, None]


def test_marking_what_stands_already_writes_nothing(make_policy: Any, alice: Any) -> None:
    client = make_policy().holder
    mark(client, "means", True, by=alice)
    mark(client, "means", True, by=alice)
    assert Mark.objects.count() == AuditEntry.objects.count() == 1


def test_a_client_of_no_month_yet_has_what_was_marked(make_client: Any, alice: Any) -> None:
    client = make_client()
    assert mark(client, "means", False, by=alice) == "B"
    assert attention_of(client, None).known == 1


@pytest.mark.parametrize("indicator", ["quality", "mobility", "x"])
def test_what_the_book_tells_is_not_marked(indicator: str, make_client: Any, alice: Any) -> None:
    with pytest.raises(KeyError):
        mark(make_client(), indicator, False, by=alice)


def test_what_is_unknown_lowers_the_confidence_and_not_the_letter(
    make_policy: Any, alice: Any
) -> None:
    client = make_policy().holder
    classify(JUNE, TODAY)
    found = attention_of(client, row_of(client))
    assert (found.letter, found.known, found.confidence) == ("A", 2, 40)
    for code in MARKED:
        mark(client, code, True, by=alice)
    found = attention_of(client, row_of(client))
    assert (found.letter, found.known, found.confidence) == ("A", 5, 100)


def test_a_letter_that_changed_is_no_other_version_of_the_client(
    make_policy: Any, alice: Any
) -> None:
    client = make_policy().holder
    classify(JUNE, TODAY)
    mark(client, "means", False, by=alice)
    client.refresh_from_db()
    assert client.version == 1


def test_only_another_letter_is_written(make_policy: Any, alice: Any) -> None:
    same, other = make_policy().holder, make_policy().holder
    classify(MAY, MAY)
    Known.objects.create(client=other, means=False)
    run = classify(JUNE, TODAY)
    assert run.written == 1
    assert classify(JUNE, TODAY).written == 0
    same.refresh_from_db()
    assert same.attention == "A"


# --- the page


def tap(browser: Any, client: Any, **said: str) -> Any:
    usual = {"indicator": "means", "says": "off", "key": "k"}
    return browser.post(f"/classification/{client.pk}/marks/", usual | said)


def test_a_tap_on_the_page_and_the_same_tap_again(login: Any, alice: Any, make_policy: Any) -> None:
    client = make_policy().holder
    classify(JUNE, TODAY)
    browser = login(alice)
    for _ in range(2):
        assert tap(browser, client).status_code == 302
    assert Mark.objects.get().on_target is False
    words = browser.get(f"/classification/{client.pk}/marks/").content.decode()
    assert all(str(label) in words for label in Indicator.labels)
    assert "林晓芸" in words


def test_with_script_the_badge_comes_along(login: Any, alice: Any, make_policy: Any) -> None:
    client = make_policy().holder
    classify(JUNE, TODAY)
    url = f"/classification/{client.pk}/marks/"
    said = {"indicator": "awareness", "says": "off", "key": "k"}
    words = login(alice).post(url, said, headers={"HX-Request": "true"}).content.decode()
    assert f"outerHTML:[data-badge='{client.pk}']" in words
    assert '<b class="B">B</b>' in words


@pytest.mark.parametrize("said", [{"indicator": "quality"}, {"says": "perhaps"}, {"says": ""}])
def test_no_such_mark_is_refused(
    said: dict[str, str], login: Any, alice: Any, make_policy: Any
) -> None:
    client = make_policy().holder
    assert tap(login(alice), client, **said).status_code == 422
    assert not Mark.objects.exists()


def test_a_strangers_client_cannot_be_marked(login: Any, carol: Any, make_policy: Any) -> None:
    client = make_policy().holder
    assert tap(login(carol), client).status_code == 404
    assert not Mark.objects.exists()


# --- moved into a class


def test_the_day_of_a_move_is_kept_and_a_first_class_is_no_move(
    make_client: Any, make_policy: Any, alice: Any
) -> None:
    make_client()
    client = make_policy(effective_on=date(2010, 1, 1)).holder
    classify(MAY, MAY)
    client.refresh_from_db()
    assert (client.client_class, client.class_since) == ("nurture", None)
    Client.objects.filter(pk=client.pk).update(do_not_sell=True)
    classify(JUNE, TODAY)
    client.refresh_from_db()
    assert (client.client_class, client.class_since) == ("maintain", JUNE)
    Client.objects.filter(pk=client.pk).update(do_not_sell=False)
    july = dates.add_months(JUNE, 1)
    classify(july, july)
    client.refresh_from_db()
    assert (client.client_class, client.class_since) == ("nurture", july)
