"""The queue of the bank's lines: a person says what is meant, once, and only of what is theirs."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry
from policies.bank import BankRow, Branch
from policies.models import Instalment, Insurer, Policy
from tests.policies.test_bank import COLLECTED, DUE, PREMIUM, Line, post

pytestmark = pytest.mark.django_db

QUEUE = "/bank/lines/"
UNKNOWN = "86000000000001"


@pytest.fixture(autouse=True)
def _in_english(settings: Any) -> None:
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def owed(make_instalment: Any, make_policy: Any) -> Callable[..., Any]:
    def make(due_on: date = DUE, **policy: Any) -> Any:
        usual = {"effective_on": date(2021, 6, 1)}
        return make_instalment(make_policy(**(usual | policy)), due_on=due_on)

    return make


def settle(browser: Any, row: BankRow, instalment: Any, key: str = "k") -> Any:
    sent = {"instalment": instalment.pk, "key": key}
    return browser.post(reverse("bank:settle", args=[row.pk]), sent, follow=True)


def test_a_line_of_another_amount_is_settled_by_choosing_its_premium(
    owed: Any, admin: Any, login: Any
) -> None:
    instalment = owed()
    post(Line(instalment.policy.policy_no, amount=Decimal("6800.00")))
    browser = login(admin)
    row = BankRow.objects.get()
    assert "The premium owed is of another amount" in browser.get(QUEUE).content.decode()
    settle(browser, row, instalment)
    row.refresh_from_db()
    instalment.refresh_from_db()
    policy = Policy.objects.get()
    assert (row.state, row.instalment, row.settled_by) == ("matched", instalment, admin)
    assert (instalment.paid_on, policy.next_due_on) == (COLLECTED, date(2027, 6, 1))
    assert policy.lapses_on == date(2027, 8, 1)
    event = policy.events.get(kind="instalment")
    assert (event.source, event.on, event.by) == ("bank", COLLECTED, admin)


def test_what_a_person_said_is_recorded_and_counts_once(owed: Any, admin: Any, login: Any) -> None:
    instalment = owed()
    post(Line(instalment.policy.policy_no, amount=Decimal("6800.00")))
    row, browser = BankRow.objects.get(), login(admin)
    settle(browser, row, instalment)
    settle(browser, row, instalment)
    answer = settle(browser, row, instalment, key="another")
    assert answer.status_code == 422
    assert "settled meanwhile" in answer.content.decode()
    deed = AuditEntry.objects.get(subject=f"bankrow {row.pk}")
    assert (deed.actor, deed.detail["deed"]) == (admin, "settled")
    assert Instalment.objects.count() == 2


def test_two_who_settle_one_line_settle_it_once(owed: Any, admin: Any, bob: Any) -> None:
    instalment = owed()
    post(Line(instalment.policy.policy_no, amount=Decimal("6800.00")))
    first, second = BankRow.objects.get(), BankRow.objects.get()
    assert first.settle(instalment, by=admin)
    assert not second.settle(instalment, by=bob)
    assert not second.put_aside("doppelt", by=bob)


def test_a_premium_that_a_line_has_collected_takes_no_other(
    owed: Any, admin: Any, login: Any
) -> None:
    instalment = owed()
    number = instalment.policy.policy_no
    post(Line(number), Line(number, on=COLLECTED + timedelta(days=3)))
    row = BankRow.objects.get(state="ambiguous")
    browser = login(admin)
    assert "collected by the bank already" in browser.get(QUEUE).content.decode()
    assert settle(browser, row, instalment).status_code == 422
    assert BankRow.objects.collected().count() == 1


def test_money_that_was_booked_by_hand_before_is_confirmed(
    owed: Any, admin: Any, bob: Any, login: Any
) -> None:
    from policies.premiums import record_payment

    instalment = owed()
    record_payment(instalment, on=COLLECTED - timedelta(days=1), by=bob)
    post(Line(instalment.policy.policy_no))
    row = BankRow.objects.get()
    assert (row.state, row.why) == ("ambiguous", "paid")
    browser = login(admin)
    assert "It is that money" in browser.get(QUEUE).content.decode()
    settle(browser, row, instalment)
    row.refresh_from_db()
    assert (row.state, row.confirms) == ("matched", True)
    assert Instalment.objects.count() == 2


def test_money_after_the_cover_stopped_pays_no_premium_by_itself(
    owed: Any, admin: Any, login: Any
) -> None:
    instalment = owed(date(2026, 3, 1))
    post(Line(instalment.policy.policy_no))
    row, browser = BankRow.objects.get(), login(admin)
    page = browser.get(QUEUE).content.decode()
    assert "the money came after it" in page
    assert "Pays this one" not in page
    assert settle(browser, row, instalment).status_code == 422
    instalment.refresh_from_db()
    assert instalment.is_owed


def test_money_after_the_cover_stopped_may_bring_the_policy_back(
    owed: Any, admin: Any, login: Any
) -> None:
    instalment = owed(date(2026, 3, 1))
    post(Line(instalment.policy.policy_no))
    row, browser = BankRow.objects.get(), login(admin)
    assert "It reinstates the policy" in browser.get(QUEUE).content.decode()
    for _again in range(2):
        browser.post(reverse("bank:reinstate", args=[row.pk]), {"key": "k"})
    row.refresh_from_db()
    instalment.refresh_from_db()
    policy = Policy.objects.get()
    assert (row.state, row.instalment, row.settled_by) == ("matched", instalment, admin)
    assert instalment.state_on(COLLECTED) == "reinstated"
    assert (policy.status, policy.reinstated_on) == ("in_force", COLLECTED)
    assert (policy.next_due_on, policy.lapses_on) == (date(2027, 3, 1), date(2027, 5, 1))


def test_less_money_than_is_owed_brings_nothing_back(owed: Any, admin: Any, login: Any) -> None:
    instalment = owed(date(2026, 3, 1))
    post(Line(instalment.policy.policy_no, amount=PREMIUM - 1))
    row = BankRow.objects.get()
    answer = login(admin).post(reverse("bank:reinstate", args=[row.pk]), {"key": "k"})
    assert "this line brings less" in answer.content.decode()
    instalment.refresh_from_db()
    row.refresh_from_db()
    assert (instalment.paid_on, row.is_waiting) == (None, True)
    assert Policy.objects.get().reinstated_on is None


def test_money_for_one_of_several_months_brings_nothing_back(
    owed: Any, admin: Any, login: Any
) -> None:
    instalment = owed(date(2026, 3, 1), premium_mode="monthly")
    post(Line(instalment.policy.policy_no))
    row = BankRow.objects.get()
    login(admin).post(reverse("bank:reinstate", args=[row.pk]), {"key": "k"})
    row.refresh_from_db()
    assert row.is_waiting
    assert Policy.objects.get().instalments.count() == 1


def test_money_after_the_last_day_brings_nothing_back(owed: Any, admin: Any, login: Any) -> None:
    instalment = owed(date(2024, 1, 1))
    Policy.objects.update(reinstate_by=date(2026, 3, 1))
    post(Line(instalment.policy.policy_no))
    row, browser = BankRow.objects.get(), login(admin)
    assert "It reinstates the policy" not in browser.get(QUEUE).content.decode()
    assert browser.post(reverse("bank:reinstate", args=[row.pk])).status_code == 422


def test_a_failed_line_is_given_its_premium(
    owed: Any, make_instalment: Any, admin: Any, login: Any
) -> None:
    instalment = owed()
    earlier = make_instalment(instalment.policy, due_on=DUE - timedelta(days=30))
    post(Line(instalment.policy.policy_no, failure="insufficient"))
    settle(login(admin), BankRow.objects.get(), instalment)
    instalment.refresh_from_db()
    earlier.refresh_from_db()
    assert (instalment.failed_on, instalment.failure) == (COLLECTED, "insufficient")
    assert earlier.failed_on is None


def test_the_number_of_the_policy_settles_what_can_be_told(
    owed: Any, admin: Any, login: Any
) -> None:
    instalment = owed()
    post(Line(UNKNOWN))
    row, browser = BankRow.objects.get(), login(admin)
    number = f" {instalment.policy.policy_no.lower()} "
    browser.post(reverse("bank:policy", args=[row.pk]), {"policy_no": number, "key": "k"})
    row.refresh_from_db()
    instalment.refresh_from_db()
    assert (row.state, row.policy, row.instalment) == ("matched", instalment.policy, instalment)
    assert instalment.paid_on == COLLECTED


@pytest.mark.parametrize(
    ("policy", "amount", "why"),
    [
        ({}, Decimal(5), "amount"),
        ({"status": "surrendered"}, PREMIUM, "ended"),
        ({"lapsed": True}, PREMIUM, "lapsed"),
        ({"paid": True}, PREMIUM, "nothing"),
    ],
)
def test_the_number_alone_may_not_be_enough(
    owed: Any, admin: Any, policy: Any, amount: Decimal, why: str
) -> None:
    lapsed, paid = policy.pop("lapsed", False), policy.pop("paid", False)
    instalment = owed(date(2026, 3, 1) if lapsed else DUE, **policy)
    if paid:
        Instalment.objects.update(paid_on=DUE)
    post(Line(UNKNOWN, amount=amount))
    row = BankRow.objects.get()
    assert row.name_policy(instalment.policy, by=admin)
    row.refresh_from_db()
    assert (row.state, row.why, row.policy) == ("ambiguous", why, instalment.policy)


def test_a_number_that_is_none_is_told(admin: Any, login: Any) -> None:
    post(Line(UNKNOWN))
    row = BankRow.objects.get()
    browser = login(admin)
    for typed in ("nobody", "", "x" * 90):
        answer = browser.post(reverse("bank:policy", args=[row.pk]), {"policy_no": typed})
        assert answer.status_code == 422
        assert "No policy has this number" in answer.content.decode()


def test_a_line_is_set_aside_with_a_reason_and_brought_back(admin: Any, login: Any) -> None:
    post(Line(UNKNOWN))
    row, browser = BankRow.objects.get(), login(admin)
    aside, back = (reverse(f"bank:{name}", args=[row.pk]) for name in ("aside", "back"))
    assert browser.post(aside, {"note": "  "}).status_code == 422
    browser.post(aside, {"note": "客户的房贷", "key": "a"})
    page = browser.get(f"{QUEUE}?show=set_aside").content.decode()
    assert "客户的房贷" in page
    assert not BankRow.objects.waiting().exists()
    browser.post(back, {"key": "b"})
    row.refresh_from_db()
    assert (row.state, row.settled_by, row.note) == ("unknown", None, "")
    deeds = AuditEntry.objects.filter(subject=f"bankrow {row.pk}").order_by("pk")
    assert [deed.detail["deed"] for deed in deeds] == ["set aside", "brought back"]
    assert "客户的房贷" not in str(list(deeds.values_list("detail", flat=True)))


def test_many_lines_are_set_aside_at_once(admin: Any, login: Any) -> None:
    post(*(Line(f"8600000000000{n}") for n in range(3)))
    first, second, third = BankRow.objects.order_by("reference")
    browser = login(admin)
    sent = {"rows": [first.pk, second.pk], "note": "房贷专户", "key": "m"}
    for _ in range(2):
        assert browser.post("/bank/lines/aside/", sent).status_code == 302
    states = BankRow.objects.order_by("reference").values_list("state", "note")
    assert list(states) == [("set_aside", "房贷专户")] * 2 + [("unknown", "")]
    assert AuditEntry.objects.filter(detail__deed="set aside").count() == 2
    for wrong in ({"rows": []}, {"note": " ", "rows": [third.pk]}, {"rows": [first.pk, "x"]}):
        answer = browser.post("/bank/lines/aside/", sent | {"key": "n"} | wrong)
        assert answer.status_code == 422
    assert BankRow.objects.waiting().count() == 1


def test_who_leads_sets_only_their_own_lines_aside(
    owed: Any,
    bob: Any,
    carol: Any,
    make_client: Any,
    make_policy: Any,
    make_instalment: Any,
    login: Any,
) -> None:
    ours = owed().policy
    theirs = make_instalment(make_policy(make_client(agent=carol)), due_on=DUE).policy
    post(*(Line(policy.policy_no, amount=Decimal(7)) for policy in (ours, theirs)))
    rows = list(BankRow.objects.values_list("pk", flat=True))
    login(bob).post("/bank/lines/aside/", {"rows": rows, "note": "x", "key": "k"})
    assert BankRow.objects.get(policy=theirs).state == "ambiguous"
    assert BankRow.objects.get(policy=ours).state == "set_aside"


def test_a_list_beyond_the_bound_is_counted_up_to_it(
    owed: Any, admin: Any, login: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies = [owed().policy for _ in range(25)]
    post(*(Line(policy.policy_no, failure="insufficient") for policy in policies))
    browser = login(admin)
    page = browser.get(f"{QUEUE}?show=failed")
    assert (page.context["page"].paginator.counted, page.context["total"]) == ("25", 25 * PREMIUM)
    monkeypatch.setattr("lib.paging.UpTo.most", 24)
    page = browser.get(f"{QUEUE}?show=failed&page=9")
    assert (page.context["page"].paginator.counted, page.context["total"]) == ("24+", None)
    assert len(page.context["cards"]) == 4, "the last page that is reached"
    assert "24+ lines" in page.content.decode()


def test_the_same_file_again_leaves_what_a_person_said(owed: Any, admin: Any) -> None:
    instalment = owed()
    line = Line(instalment.policy.policy_no, amount=Decimal("6800.00"))
    post(line)
    BankRow.objects.get().settle(instalment, by=admin)
    post(line, Line(line.reference, on=COLLECTED - timedelta(days=2), failure="insufficient"))
    instalment.refresh_from_db()
    assert (instalment.paid_on, instalment.failed_on) == (COLLECTED, None)
    assert BankRow.objects.get(ok=True).settled_by == admin


def test_lines_with_money_come_before_those_without(owed: Any, admin: Any, login: Any) -> None:
    number = owed().policy.policy_no
    post(
        Line(number, amount=Decimal(5), failure="insufficient", on=COLLECTED + timedelta(days=5)),
        Line(number, amount=Decimal(7)),
    )
    cards = login(admin).get(QUEUE).context["cards"]
    assert [card.row.ok for card in cards] == [True, False]


# --- whose lines they are


def test_who_leads_sees_the_lines_of_their_own_and_no_unknown_ones(
    owed: Any, make_client: Any, carol: Any, bob: Any, login: Any
) -> None:
    mine = owed(holder=make_client(name="陈志远甲"))
    theirs = owed(holder=make_client(name="别人的客户", agent=carol))
    for instalment in (mine, theirs):
        post(Line(instalment.policy.policy_no, amount=Decimal(7)))
    post(Line(UNKNOWN))
    browser = login(bob)
    page = browser.get(QUEUE).content.decode()
    assert "陈志远甲" in page
    assert "别人的客户" not in page
    assert UNKNOWN not in page
    row = BankRow.objects.get(policy=theirs.policy)
    assert settle(browser, row, theirs).status_code == 404


def test_a_line_is_not_given_to_a_policy_that_one_may_not_see(
    owed: Any, make_client: Any, carol: Any, bob: Any, login: Any
) -> None:
    mine, theirs = owed(), owed(holder=make_client(agent=carol))
    post(Line(mine.policy.policy_no, amount=Decimal(7)))
    row = BankRow.objects.get()
    sent = {"policy_no": theirs.policy.policy_no}
    assert login(bob).post(reverse("bank:policy", args=[row.pk]), sent).status_code == 422


# --- the month


def test_every_number_of_the_month_opens_its_list(owed: Any, admin: Any, login: Any) -> None:
    good = [owed().policy.policy_no for _n in range(3)]
    bad = [owed().policy.policy_no for _n in range(2)]
    post(*map(Line, good), *(Line(number, failure="insufficient") for number in bad), Line(UNKNOWN))
    browser = login(admin)
    answer = browser.get("/bank/?month=2026-06")
    whole = answer.context["sums"].whole
    assert (whole.collected.count, whole.collected.amount) == (3, 3 * PREMIUM)
    assert (whole.failed.count, whole.waiting.count, whole.set_aside.count) == (2, 1, 0)
    for shown in ("collected", "failed", "waiting", "set_aside"):
        opened = browser.get(f"{QUEUE}?show={shown}&month=2026-06").context
        tally = getattr(whole, shown)
        assert (opened["page"].paginator.count, opened["total"]) == (tally.count, tally.amount)
    assert answer.context["sums"].reasons[0][0] == "insufficient"
    file = answer.context["sums"].files[0]
    assert file.collected == whole.collected


def test_the_month_of_the_last_file_is_shown_first(owed: Any, admin: Any, login: Any) -> None:
    post(Line(owed().policy.policy_no))
    assert login(admin).get("/bank/").context["month"] == date(2026, 6, 1)


@pytest.mark.parametrize(
    "asked",
    ["show=x&month=2026-13&batch=-1&failure=?&page=x", "batch=9999999999999999999", "page=0"],
)
def test_a_wrong_address_shows_what_it_can(asked: str, admin: Any, login: Any) -> None:
    browser = login(admin)
    assert browser.get(f"{QUEUE}?{asked}").status_code == 200
    assert browser.get(f"/bank/?{asked}").status_code == 200


@pytest.mark.parametrize("address", [QUEUE, "/bank/?month=2026-06", f"{QUEUE}?show=failed"])
def test_twenty_lines_cost_the_queries_of_one(
    address: str, owed: Any, admin: Any, login: Any
) -> None:
    browser = login(admin)

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as context:
            browser.get(address)
        return len(context)

    def lines(count: int) -> None:
        for _n in range(count):
            number = owed().policy.policy_no
            post(Line(number, amount=Decimal(7)))
            post(Line(number, failure="insufficient"))

    lines(1)
    browser.get(address)
    one = queries()
    lines(19)
    assert queries() == one


def test_administrators_say_which_branches_are_ours(admin: Any, login: Any) -> None:
    browser, address = login(admin), reverse("bank:branches")
    browser.post(address, {"name": "宁波中心支公司", "deed": "add", "key": "1"})
    assert Branch.of(Insurer.usual().pk) == {"宁波中心支公司"}
    assert "宁波中心支公司" in browser.get("/bank/").content.decode()
    browser.post(address, {"name": "宁波中心支公司", "deed": "remove", "key": "2"})
    assert not Branch.objects.exists()
    assert AuditEntry.objects.filter(detail__branch="宁波中心支公司").count() == 2
