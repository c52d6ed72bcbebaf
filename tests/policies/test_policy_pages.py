"""The policy list, a policy's page, a payment, and a contract typed by hand."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from lib import dates
from policies.models import Insurer, Policy
from policies.premium_line import Line, premiums_of
from policies.rhythm import number_of


def queries(browser: Any, url: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert browser.get(url).status_code == 200
    return len(seen)


def days(n: int) -> date:
    return dates.today() + timedelta(days=n)


def typed(client: Any, **fields: Any) -> dict[str, Any]:
    usual = {
        "holder": client.pk,
        "insurer": Insurer.usual().pk,
        "policy_no": "P 3301",
        "status": "in_force",
        "premium": "6820",
        "premium_mode": "yearly",
        "pay_years": "20",
        "effective_on": "2021-04-17",
        "version": 1,
    }
    return usual | fields


# --- whose policies


@pytest.mark.parametrize("way", ["", "edit/", "reveal/?field=account"])
def test_a_strangers_policy_is_not_found(
    login: Any, alice: Any, carol: Any, make_client: Any, make_policy: Any, way: str
) -> None:
    policy = make_policy(make_client(agent=carol))
    assert login(alice).get(f"/policies/{policy.pk}/{way}").status_code == 404


def test_the_list_is_of_ones_own(
    login: Any, alice: Any, carol: Any, make_client: Any, make_policy: Any
) -> None:
    mine, other = make_policy(), make_policy(make_client(agent=carol))
    page = login(alice).get("/policies/").content.decode()
    assert mine.policy_no in page and other.policy_no not in page


def test_twenty_rows_cost_the_queries_of_one(login: Any, bob: Any, make_policy: Any) -> None:
    browser = login(bob)
    make_policy()
    one = queries(browser, "/policies/")
    for _ in range(19):
        make_policy()
    assert queries(browser, "/policies/") == one


# --- finding


def test_stages_narrow_the_list(
    login: Any, alice: Any, make_instalment: Any, make_policy: Any
) -> None:
    found = {
        "month": make_instalment(due_on=days(10)).policy,
        "grace": make_instalment(due_on=days(-10)).policy,
        "lapsed": make_instalment(due_on=days(-70)).policy,
    }
    make_policy()
    browser = login(alice)
    for stage, policy in found.items():
        page = browser.get(f"/policies/?stage={stage}").content.decode()
        assert policy.policy_no in page and page.count("data-row") == 1


def test_the_month_of_the_due_date_narrows_the_list(
    login: Any, alice: Any, make_instalment: Any
) -> None:
    policy = make_instalment(due_on=date(2026, 7, 31)).policy
    make_instalment(due_on=date(2026, 8, 1))
    page = login(alice).get("/policies/?due=2026-07").content.decode()
    assert policy.policy_no in page and page.count("data-row") == 1


@pytest.mark.parametrize("text", ["P3301", "张三", "zs", "2046"])
def test_a_policy_is_found_by(
    login: Any, alice: Any, make_client: Any, make_policy: Any, text: str
) -> None:
    make_policy(make_client(name="张三", mobile="13912342046"), policy_no="P33012021")
    make_policy(make_client(name="李四"))
    page = login(alice).get(f"/policies/?q={text}").content.decode()
    assert "P33012021" in page and page.count("data-row") == 1


@pytest.mark.parametrize(
    "address",
    [
        "?stage=x&status=y&due=2026-13&page=0",
        "?due=0000-01",
        "?q=%00&agent=z",
        "?status=lapsed",
        "?status=surrendered&stage=grace",
        "?status=in_force&q=1",
    ],
)
def test_any_address_of_the_list_is_answered(
    login: Any, bob: Any, make_instalment: Any, address: str
) -> None:
    make_instalment(due_on=days(-5))
    assert login(bob).get(f"/policies/{address}").status_code == 200


# --- the page


@pytest.mark.parametrize("due_on", [-800, -70, -56, -10, 0, 20, 200])
@pytest.mark.parametrize("role", ["alice", "bob"])
def test_the_page_draws_every_stage(
    login: Any, request: Any, make_instalment: Any, due_on: int, role: str
) -> None:
    policy = make_instalment(due_on=days(due_on)).policy
    answer = login(request.getfixturevalue(role)).get(f"/policies/{policy.pk}/")
    assert answer.status_code == 200
    assert policy.policy_no in answer.content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"premium_mode": "single", "pay_years": None},
        {"premium_mode": "monthly", "pay_years": 20},
        {"effective_on": None},
        {"product": None},
        {"status": "surrendered"},
        {"pay_years": None},
    ],
)
def test_the_page_draws_every_kind(
    login: Any, alice: Any, make_policy: Any, fields: dict[str, Any]
) -> None:
    assert login(alice).get(f"/policies/{make_policy(**fields).pk}/").status_code == 200


def test_the_line_keeps_its_order() -> None:
    due_on, ends = date(2026, 4, 17), date(2026, 6, 16)
    places = [
        Line(due_on, ends, date(2026, 1, 1) + timedelta(days=n)).at for n in range(0, 1500, 7)
    ]
    assert places == sorted(places)
    assert Line(due_on, ends, due_on).at == 22
    assert Line(due_on, ends, ends).at == 52
    assert Line(due_on, ends, date(2028, 6, 16)).at == 88
    assert Line(due_on, ends, date(2026, 6, 12)).days_left == 4
    assert Line(due_on, ends, date(2026, 6, 12)).days_after == 56


def test_premiums_are_counted_from_the_effective_date(make_policy: Any) -> None:
    policy = make_policy(next_due_on=date(2026, 4, 17))
    premiums = premiums_of(policy)
    assert premiums is not None
    assert (len(premiums.all), premiums.paid, premiums.paid_amount) == (20, 5, 34100)
    assert premiums.last_due_on == date(2040, 4, 17)
    assert number_of(policy, date(2026, 4, 17)) == 6


# --- booking


DEEDS = ("paid", "waive", "loan", "mode")


def booked(owed: Any, **fields: Any) -> dict[str, Any]:
    usual = {"instalment": owed.pk, "on": dates.today(), "key": "k1"}
    return usual | {"mode": "half_yearly", "premium": "3500"} | fields


@pytest.mark.parametrize("person", ["bob", "dora", "admin"])
def test_who_leads_or_administers_records_a_payment(
    login: Any, request: Any, person: str, make_instalment: Any
) -> None:
    instalment = make_instalment(due_on=days(-56))
    browser, user = login(request.getfixturevalue(person)), request.getfixturevalue(person)
    page = browser.get(f"/policies/{instalment.policy_id}/").content.decode()
    assert f'href="/policies/{instalment.policy_id}/paid/"' in page
    for _ in range(2):
        browser.post(f"/policies/{instalment.policy_id}/paid/", booked(instalment))
    instalment.refresh_from_db()
    assert instalment.paid_on == dates.today()
    assert instalment.policy.instalments.count() == 2
    event = instalment.policy.events.get(kind="instalment")
    assert (event.source, event.by, event.now) == ("hand", user, "paid")


@pytest.mark.parametrize("deed", DEEDS)
def test_an_agent_does_not_book(login: Any, alice: Any, deed: str, make_instalment: Any) -> None:
    instalment = make_instalment(due_on=days(-56))
    browser = login(alice)
    url = f"/policies/{instalment.policy_id}/{deed}/"
    assert browser.get(url).status_code == browser.post(url, booked(instalment)).status_code == 403
    assert not instalment.policy.events.exists()
    assert url not in browser.get(f"/policies/{instalment.policy_id}/").content.decode()


@pytest.mark.parametrize(("deed", "how"), [("waive", "waived"), ("loan", "loan")])
def test_a_premium_is_waived_or_advanced(
    login: Any, bob: Any, make_instalment: Any, deed: str, how: str
) -> None:
    instalment = make_instalment(due_on=days(-10))
    url = f"/policies/{instalment.policy_id}/{deed}/"
    browser = login(bob)
    assert browser.get(url).status_code == 200
    assert browser.post(url, booked(instalment)).status_code == 302
    instalment.refresh_from_db()
    assert (instalment.closed_as, instalment.closed_on) == (how, dates.today())
    page = browser.get(f"/policies/{instalment.policy_id}/").context
    assert instalment.policy.events.get(kind="instalment").now == how
    assert getattr(page["facts"], {"waived": "waived", "loan": "loans"}[how]) == instalment.amount


def test_another_mode_is_recorded(login: Any, bob: Any, make_instalment: Any) -> None:
    policy = make_instalment(due_on=days(10)).policy
    answer = login(bob).post(
        f"/policies/{policy.pk}/mode/",
        {"on": dates.today(), "mode": "quarterly", "premium": "1800"},
    )
    assert answer.status_code == 302
    policy.refresh_from_db()
    assert (policy.premium_mode, policy.premium) == ("quarterly", 1800)
    assert policy.instalments.get().amount == 1800
    assert policy.events.get(kind="mode").was == "yearly"


@pytest.mark.parametrize(
    ("deed", "wrong"),
    [
        ("paid", {"on": days(1)}),
        ("paid", {"on": ""}),
        ("paid", {"on": "0202-01-01"}),
        ("paid", {"instalment": "x"}),
        ("paid", {"instalment": "9" * 30}),
        ("mode", {"mode": "yearly"}),
        ("mode", {"mode": "x"}),
        ("mode", {"premium": "0"}),
        ("mode", {"premium": "1e99"}),
    ],
)
def test_a_wrong_form_comes_back(
    login: Any, bob: Any, make_instalment: Any, deed: str, wrong: dict[str, Any]
) -> None:
    instalment = make_instalment()
    url = f"/policies/{instalment.policy_id}/{deed}/"
    assert login(bob).post(url, booked(instalment, **wrong)).status_code == 422
    assert not instalment.policy.events.exists()


@pytest.mark.parametrize("deed", ["paid", "waive", "loan"])
def test_what_came_after_the_cover_ended_is_refused_in_a_sentence(
    login: Any, bob: Any, make_instalment: Any, deed: str
) -> None:
    instalment = make_instalment(due_on=days(-70))
    url = f"/policies/{instalment.policy_id}/{deed}/"
    answer = login(bob).post(url, booked(instalment), headers={"hx-request": "true"})
    assert answer.status_code == 422
    assert answer.content.decode().count('role="alert"') == 1
    instalment.refresh_from_db()
    assert instalment.is_owed
    assert login(bob).post(url, booked(instalment, on=days(-11))).status_code == 302


def test_a_form_left_open_books_nothing_twice(
    login: Any, bob: Any, dora: Any, make_instalment: Any
) -> None:
    instalment = make_instalment(due_on=days(-10))
    url = f"/policies/{instalment.policy_id}"
    login(bob).post(f"{url}/waive/", booked(instalment))
    assert login(dora).post(f"{url}/paid/", booked(instalment, key="k2")).status_code == 422
    instalment.refresh_from_db()
    assert instalment.closed_as == "waived" and instalment.paid_on is None


def test_a_sheet_answers_with_the_way_back(login: Any, bob: Any, make_instalment: Any) -> None:
    instalment = make_instalment(due_on=days(-10))
    url = f"/policies/{instalment.policy_id}/paid/"
    browser, sheet = login(bob), {"hx-request": "true"}
    assert "<html" not in browser.get(url, headers=sheet).content.decode()
    answer = browser.post(url, booked(instalment), headers=sheet)
    assert answer["HX-Redirect"] == f"/policies/{instalment.policy_id}/"


@pytest.mark.parametrize("deed", DEEDS)
def test_where_nothing_is_open_nothing_is_booked(
    login: Any, bob: Any, make_policy: Any, deed: str
) -> None:
    policy = make_policy(status="surrendered")
    url = f"/policies/{policy.pk}/{deed}/"
    page = login(bob).get(url).content.decode()
    assert f'action="{url}"' not in page
    sent = {"on": dates.today(), "mode": "monthly", "premium": "600", "instalment": 1}
    assert login(bob).post(url, sent).status_code in {404, 422}
    assert url not in login(bob).get(f"/policies/{policy.pk}/").content.decode()


def test_a_payment_is_for_that_policy(login: Any, bob: Any, make_instalment: Any) -> None:
    one, other = make_instalment(), make_instalment()
    assert login(bob).post(f"/policies/{one.policy_id}/paid/", booked(other)).status_code == 404


def test_a_lapsed_policy_leads_to_the_desk(
    login: Any, alice: Any, bob: Any, make_instalment: Any
) -> None:
    policy = make_instalment(due_on=days(-70)).policy
    for user in (alice, bob):
        page = login(user).get(f"/policies/{policy.pk}/").content.decode()
        assert f'href="/reinstatements/{policy.pk}/"' in page


# --- writing


def test_a_new_policy_owes_its_next_premium(login: Any, alice: Any, make_client: Any) -> None:
    client = make_client()
    answer = login(alice).post("/policies/new/", typed(client))
    policy = Policy.objects.get()
    assert answer.url == f"/policies/{policy.pk}/"
    assert (policy.policy_no, policy.agent) == ("P3301", alice)
    assert policy.next_due_on is not None and policy.next_due_on >= dates.today()
    assert policy.instalments.get().due_on == policy.next_due_on


def test_a_policy_for_a_strangers_client_is_not_found(
    login: Any, alice: Any, carol: Any, make_client: Any
) -> None:
    client, browser = make_client(agent=carol), login(alice)
    assert browser.get(f"/policies/new/?client={client.pk}").status_code == 404
    assert browser.post("/policies/new/", typed(client)).status_code == 404
    assert browser.get("/policies/new/?client=x").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("premium", "-1"),
        ("policy_no", ""),
        ("effective_on", "2031-02-30"),
        ("effective_on", "2999-01-01"),
        ("account", "12"),
    ],
)
def test_what_cannot_be_is_told(
    login: Any, alice: Any, make_client: Any, field: str, value: str
) -> None:
    answer = login(alice).post("/policies/new/", typed(make_client()) | {field: value})
    assert answer.status_code == 422
    assert not Policy.objects.exists()


def test_a_number_is_taken_once(login: Any, alice: Any, make_client: Any, make_policy: Any) -> None:
    make_policy(policy_no="P3301")
    assert login(alice).post("/policies/new/", typed(make_client())).status_code == 422


def test_another_due_date_moves_the_premium(login: Any, bob: Any, make_instalment: Any) -> None:
    policy = make_instalment(due_on=days(10)).policy
    sent = typed(
        policy.holder, policy_no=policy.policy_no, next_due_on=days(20), version=policy.version
    )
    assert login(bob).post(f"/policies/{policy.pk}/edit/", sent).status_code == 302
    assert policy.instalments.get().due_on == days(20)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "surrendered"),
        ("premium", "1"),
        ("premium_mode", "monthly"),
        ("pay_years", "1"),
        ("next_due_on", "2031-04-17"),
    ],
)
def test_an_agent_does_not_edit_what_is_owed(
    login: Any, alice: Any, make_instalment: Any, field: str, value: str
) -> None:
    instalment = make_instalment(due_on=days(-10))
    policy = instalment.policy
    before = getattr(policy, field)
    sent = typed(
        policy.holder, policy_no=policy.policy_no, version=policy.version, bank_name="工行"
    )
    browser = login(alice)
    assert "disabled" in browser.get(f"/policies/{policy.pk}/edit/").content.decode()
    answer = browser.post(f"/policies/{policy.pk}/edit/", sent | {field: value})
    assert answer.status_code == 302
    policy.refresh_from_db()
    assert getattr(policy, field) == before and policy.bank_name == "工行"
    assert policy.instalments.get().due_on == instalment.due_on


def test_an_agents_edit_opens_no_premium(login: Any, alice: Any, make_policy: Any) -> None:
    policy = make_policy(next_due_on=None)
    sent = typed(policy.holder, policy_no=policy.policy_no, version=policy.version)
    assert login(alice).post(f"/policies/{policy.pk}/edit/", sent).status_code == 302
    assert not policy.instalments.exists()


def test_a_stale_form_shows_both(login: Any, alice: Any, make_policy: Any) -> None:
    policy, browser = make_policy(), login(alice)
    sent = typed(policy.holder, policy_no=policy.policy_no, version=policy.version)
    browser.post(f"/policies/{policy.pk}/edit/", sent | {"bank_name": "工商银行"})
    answer = browser.post(f"/policies/{policy.pk}/edit/", sent | {"bank_name": "建设银行"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "工商银行" in page and "建设银行" in page


def test_the_account_is_masked_kept_and_shown_on_record(
    login: Any, alice: Any, make_policy: Any
) -> None:
    policy, browser = make_policy(account="6222021202018830"), login(alice)
    for way in ("", "edit/"):
        page = browser.get(f"/policies/{policy.pk}/{way}").content.decode()
        assert "6222021202018830" not in page and "**** 8830" in page
    browser.post(f"/policies/{policy.pk}/edit/", typed(policy.holder, policy_no=policy.policy_no))
    shown = browser.post(f"/policies/{policy.pk}/reveal/", {"field": "account"}).content.decode()
    assert "6222021202018830" in shown
    assert AuditEntry.objects.get(action="reveal").subject == f"policy {policy.pk}"
