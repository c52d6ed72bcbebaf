"""Notices on paper, each where it has something to tell; and money that is only a part."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import AuditEntry
from lib import dates
from policies import premiums, promises
from policies.notices import TEXTS, notice_of, notices_of
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"
    monkeypatch.setattr(dates, "today", lambda: TODAY)


def kinds(policy: Any) -> list[str]:
    policy = type(policy).objects.get(pk=policy.pk)
    return [notice.kind for notice in notices_of(policy, TODAY)]


@pytest.mark.parametrize(
    ("due_in", "status", "told"),
    [(30, "in_force", ["due"]), (-60, "in_force", ["due"]), (-61, "in_force", ["lapsed"]),
     (-90, "lapsed", ["lapsed"]), (30, "paid_up", []), (30, "surrendered", [])],
)  # fmt: skip
def test_each_notice_has_its_time(
    due_in: int, status: str, told: list[str], make_policy: Any, make_instalment: Any
) -> None:
    made = make_instalment(make_policy(status=status), due_on=TODAY + timedelta(days=due_in))
    assert kinds(made.policy) == told


def test_a_collected_premium_is_told_with_the_next_one(make_instalment: Any, bob: Any) -> None:
    instalment = make_instalment(due_on=date(2026, 4, 17))
    premiums.record_payment(instalment, on=date(2026, 5, 2), by=bob)
    assert kinds(instalment.policy) == ["due", "paid"]
    notice = notice_of(instalment.policy, "paid", TODAY)
    assert notice is not None
    words = " ".join(notice.paragraphs)
    assert "6,820.00" in words and "2 May 2026" in words


@pytest.mark.parametrize("kind", TEXTS)
def test_every_word_in_braces_is_known_and_filled_in(
    kind: str, make_instalment: Any, bob: Any
) -> None:
    days = {"due": TODAY, "paid": TODAY, "lapsed": TODAY - timedelta(days=90)}
    instalment = make_instalment(due_on=days[kind])
    if kind == "paid":
        premiums.record_payment(instalment, on=TODAY, by=bob)
    instalment.policy.refresh_from_db()
    notice = notice_of(instalment.policy, kind, TODAY)
    assert notice is not None
    told = list(notice.paragraphs)
    assert len(told) == len(TEXTS[kind].paragraphs)
    assert not re.search(r"[{}]|None", " ".join(told))


def test_the_page_is_of_those_who_see_the_policy_and_keeps_the_account(
    make_policy: Any, make_instalment: Any, alice: Any, carol: Any, login: Any
) -> None:
    policy = make_policy(account="6222000011112222", bank_name="招商银行")
    make_instalment(policy, due_on=TODAY)
    page = login(alice).get(f"/policies/{policy.pk}/notice/due/").content.decode()
    assert policy.policy_no in page and "6222000011112222" not in page
    assert login(carol).get(f"/policies/{policy.pk}/notice/due/").status_code == 404
    assert login(alice).get(f"/policies/{policy.pk}/notice/lapsed/").status_code == 302
    assert login(alice).get(f"/policies/{policy.pk}/notice/other/").status_code == 404


# --- a part


@pytest.fixture
def promised(make_instalment: Any, alice: Any) -> Any:
    instalment = make_instalment(due_on=TODAY - timedelta(days=9))
    promises.promise(instalment, on=TODAY - timedelta(days=1), until=TODAY, by=alice)
    return instalment


def send(browser: Any, instalment: Any, **fields: Any) -> Any:
    usual = {"amount": "1000", "on": TODAY.isoformat(), "instalment": instalment.pk, "key": "k"}
    return browser.post(f"/policies/{instalment.policy_id}/part/", usual | fields)


def test_a_part_is_noted_once_and_the_premium_stays_owed(
    promised: Any, bob: Any, login: Any
) -> None:
    browser = login(bob)
    page = browser.get(f"/policies/{promised.policy_id}/").content.decode()
    assert f"/policies/{promised.policy_id}/part/" in page
    for _ in range(2):
        assert send(browser, promised).status_code == 302
    promised.refresh_from_db()
    assert promised.is_owed
    assert promised.promises.get().received == Decimal(1000)
    assert AuditEntry.objects.get(action="payment").detail["part"] == "1000"
    assert "1,000" in browser.get(f"/policies/{promised.policy_id}/").content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"amount": "6820"}, "all of the premium"), ({"amount": "0"}, ""), ({"amount": "x"}, ""),
     ({"on": (TODAY - timedelta(days=2)).isoformat()}, "nobody had promised")],
)  # fmt: skip
def test_what_is_no_part_is_refused(
    fields: dict[str, str], said: str, promised: Any, bob: Any, login: Any
) -> None:
    answer = send(login(bob), promised, **fields)
    assert answer.status_code == 422 and said in answer.content.decode()
    assert promised.promises.get().received == 0


def test_it_is_not_offered_where_nobody_promised(
    make_instalment: Any, bob: Any, login: Any
) -> None:
    instalment = make_instalment(due_on=TODAY)
    page = login(bob).get(f"/policies/{instalment.policy_id}/").content.decode()
    assert "/paid/" in page and "/part/" not in page
