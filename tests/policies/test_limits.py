"""The limits of the classes: shown what they change before they are saved."""

from datetime import date
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from kombu.exceptions import OperationalError

from accounts.models import AuditEntry
from clients.models import Moved
from lib import dates
from policies import tasks
from policies.class_preview import Matrix, preview_of
from policies.classification import classify, classify_due
from policies.models import ClassificationRun, ClassOverride, ClientClass, Thresholds
from tests.conftest import TODAY
from tests.policies.test_classification import PEOPLE, Slow, written_down

pytestmark = pytest.mark.django_db
JUNE, MAY = date(2026, 6, 1), date(2026, 5, 1)
URL = "/rules/classes/"


@pytest.fixture(autouse=True)
def _on_the_day() -> Any:
    with time_machine.travel(f"{TODAY} 10:00+08:00", tick=False):
        yield


def found(matrix: Matrix, labels: list[str]) -> dict[tuple[str, str], int]:
    return {
        (labels[row.stays], labels[place]): n
        for row in matrix.rows
        for place, n in enumerate(row.cells)
        if n
    }


LIMITS = st.builds(
    Thresholds,
    develop_from=st.integers(55, 80),
    relation_from=st.integers(10, 60),
    nurture_from=st.integers(20, 40),
    value_from=st.integers(20, 70),
    margin=st.integers(0, 7),
    old_from=st.integers(50, 80),
    key_share=st.integers(0, 30),
    important_share=st.integers(0, 30),
    general_share=st.integers(0, 40),
    moves_from=st.integers(1, 3),
)


@given(book=st.lists(PEOPLE, min_size=1, max_size=7), limits=LIMITS, moves=st.integers(0, 3))
@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_preview_tells_what_classifying_by_these_limits_brings(
    book: list[Slow],
    limits: Thresholds,
    moves: int,
    alice: Any,
    make_client: Any,
    make_policy: Any,
) -> None:
    with transaction.atomic():
        ClassificationRun.objects.create(month=MAY)
        clients = [written_down(person, make_client, make_policy, alice) for person in book]
        for n in range(moves):
            Moved.objects.create(client=clients[0], what="address", on=dates.add_months(MAY, -n))
        ClassOverride.put(clients[0], "develop", by=alice, reason="x", until=date(2026, 9, 1))
        classify(JUNE, TODAY)
        before = {row.client_id: row for row in ClientClass.objects.filter(month=JUNE)}
        preview = preview_of(limits)
        assert preview is not None
        limits.save()
        classify(JUNE, TODAY)
        for matrix, field, labels in (
            (preview.classes, "final_class", ["develop", "nurture", "maintain"]),
            (preview.tiers, "tier", ClientClass.Tier.values),
            (preview.letters, "attention", list("ABCD")),
        ):
            moved: dict[tuple[str, str], int] = {}
            for row in ClientClass.objects.filter(month=JUNE):
                pair = (getattr(before[row.client_id], field), getattr(row, field))
                moved[pair] = moved.get(pair, 0) + 1
            assert found(matrix, labels) == moved, field
        transaction.set_rollback(True)


@pytest.fixture
def book(make_client: Any, make_policy: Any) -> list[Any]:
    clients = [make_policy(premium=1000 * 2**n).holder for n in range(5)]
    classify(JUNE, TODAY)
    return clients


def limits(**changed: int) -> dict[str, Any]:
    return Thresholds.current().as_numbers() | changed


def seen_in(answer: Any) -> dict[str, str]:
    form = answer.context["form"]
    return {"seen": form.sealed, "key": "k", "do": "save"}


def test_a_preview_saves_nothing_and_says_who_would_move(login: Any, admin: Any, book: Any) -> None:
    answer = login(admin).post(URL, limits(nurture_from=20, value_from=20) | {"do": "look"})
    assert answer.status_code == 200
    preview = answer.context["preview"]
    assert preview.classes.moved == len(preview.sample) > 0
    assert all(str(moving.client) in answer.content.decode() for moving in preview.sample)
    assert not Thresholds.objects.exists()
    assert not AuditEntry.objects.filter(action="update").exists()


def test_saved_after_the_preview_the_month_is_classified_again(
    login: Any,
    admin: Any,
    book: Any,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks.classify_again, "delay", tasks.classify_again)  # the worker
    browser, wanted = login(admin), limits(nurture_from=20, value_from=20)
    shown = browser.post(URL, wanted | {"do": "look"})
    with django_capture_on_commit_callbacks(execute=True):
        assert browser.post(URL, wanted | seen_in(shown)).status_code == 302
    assert Thresholds.current().nurture_from == 20
    moved = shown.context["preview"].classes
    assert ClientClass.objects.filter(final_class="nurture").count() == moved.then[1]
    entry = AuditEntry.objects.get(action="update")
    assert (entry.actor, entry.detail) == (
        admin,
        {"nurture_from": [40, 20], "value_from": [50, 20]},
    )


def test_where_the_queue_is_down_the_next_tick_classifies(
    login: Any,
    admin: Any,
    book: Any,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def down(*_about: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(tasks.classify_again, "delay", down)
    browser, wanted = login(admin), limits(nurture_from=20, value_from=20)
    shown = browser.post(URL, wanted | {"do": "look"})
    moved = shown.context["preview"].classes
    assert classify_due(TODAY) is None
    for asked in (wanted | seen_in(shown), {"do": "run", "month": "2026-06"}):
        with django_capture_on_commit_callbacks(execute=True):
            assert browser.post(URL, asked).status_code == 302
        assert classify_due(TODAY)
        assert classify_due(TODAY) is None
        assert ClientClass.objects.filter(final_class="nurture").count() == moved.then[1]


def test_sent_twice_it_is_saved_and_recorded_once(login: Any, admin: Any, book: Any) -> None:
    browser, wanted = login(admin), limits(margin=3)
    sent = wanted | seen_in(browser.post(URL, wanted | {"do": "look"}))
    for _ in range(2):
        browser.post(URL, sent)
    assert Thresholds.objects.count() == 1
    assert AuditEntry.objects.filter(action="update").count() == 1


@pytest.mark.parametrize("seen", ["", "x", "other"])
def test_what_was_not_shown_is_not_saved(seen: str, login: Any, admin: Any, book: Any) -> None:
    browser = login(admin)
    other = browser.post(URL, limits(margin=4) | {"do": "look"}).context["form"].sealed
    sent = limits(margin=3) | {"do": "save", "seen": other if seen == "other" else seen, "key": "k"}
    answer = browser.post(URL, sent)
    assert answer.status_code == 200
    assert answer.context["preview"]
    assert not Thresholds.objects.exists()


def test_limits_changed_by_somebody_else_meanwhile_are_shown_again(
    login: Any, admin: Any, book: Any
) -> None:
    browser, wanted = login(admin), limits(margin=3)
    sent = wanted | seen_in(browser.post(URL, wanted | {"do": "look"}))
    Thresholds.objects.create(value_from=45)
    assert browser.post(URL, sent).status_code == 200
    assert Thresholds.current().margin == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"nurture_from": "90"},
        {"margin": "10"},
        {"general_share": "90"},
        {"old_from": "20"},
        {"develop_from": ""},
        {"develop_from": "viel"},
        {"moves_from": "0"},
        {"key_share": "-1"},
    ],
)
@pytest.mark.parametrize("do", ["look", "save"])
def test_limits_that_make_no_sense_are_told_in_words_and_nothing_is_saved(
    wrong: dict[str, str], do: str, login: Any, admin: Any, book: Any
) -> None:
    answer = login(admin).post(URL, limits() | wrong | {"do": do})
    assert answer.status_code == 422
    words = answer.content.decode()
    assert 'role="alert"' in words
    assert f'value="{next(iter(wrong.values()))}"' in words or wrong == {"develop_from": ""}
    assert not Thresholds.objects.exists()


def test_before_the_first_run_the_page_says_so(login: Any, admin: Any) -> None:
    answer = login(admin).post(URL, limits(margin=3) | {"do": "look"})
    assert answer.context["preview"] is None
    assert "would-h" in answer.content.decode()


def test_the_page_costs_as_much_for_many_as_for_few(
    login: Any, admin: Any, make_policy: Any
) -> None:
    browser = login(admin)

    def cost() -> int:
        classify(JUNE, TODAY)
        with CaptureQueriesContext(connection) as queries:
            browser.post(URL, limits(nurture_from=20, value_from=20) | {"do": "look"})
        return len(queries)

    make_policy()
    few = cost()
    for _ in range(19):
        make_policy()
    assert cost() == few


# --- a month by hand


@pytest.mark.parametrize(
    ("month", "words"),
    [("2026-07", "July 2026 has not begun"), ("2099-12", "has not begun"), ("june", "like 2026-06"),
     ("", "required")],
)  # fmt: skip
def test_a_month_that_has_not_begun_is_refused_in_words(
    month: str, words: str, login: Any, admin: Any, book: Any
) -> None:
    browser = login(admin)
    browser.cookies["django_language"] = "en"
    answer = browser.post(URL, {"do": "run", "month": month})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert ClassificationRun.objects.count() == 1
    assert not AuditEntry.objects.filter(action="update").exists()


def test_a_month_that_has_begun_is_classified_by_the_worker(
    login: Any,
    admin: Any,
    book: Any,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks.classify_again, "delay", tasks.classify_again)
    with django_capture_on_commit_callbacks(execute=True):
        answer = login(admin).post(URL, {"do": "run", "month": "2026-05"})
    assert answer.status_code == 302
    assert ClassificationRun.objects.filter(month=MAY).exists()
    assert AuditEntry.objects.get(action="update").subject == "classes of 2026-05"
