"""The client list, a client's page, and what is typed about a client."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, User
from clients.models import Client, Contact
from lib import dates

ID_NUMBER = "11010519491231002X"


def queries(browser: Any, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert browser.get(url).status_code == 200
    return len(seen)


def form_of(client: Client, **fields: Any) -> dict[str, Any]:
    usual = {
        "name": client.name,
        "gender": client.gender,
        "birthday_calendar": "solar",
        "birth_on": client.birth_on or "",
        "email": client.email,
        "address": client.address,
        "client_class": client.client_class,
        "source": client.source,
        "note": client.note,
        "version": client.version,
        "key": "",
    }
    return usual | fields


# --- whose clients


def test_alice_sees_her_clients_and_nobody_elses(
    login: Any, alice: Any, carol: Any, make_client: Any
) -> None:
    mine, other = make_client(name="王小明"), make_client(name="李大山", agent=carol)
    page = login(alice).get("/clients/").content.decode()
    assert mine.name in page
    assert other.name not in page


@pytest.mark.parametrize("way", ["", "edit/", "reveal/?field=mobile"])
def test_a_strangers_client_is_not_found(
    login: Any, alice: Any, carol: Any, make_client: Any, way: str
) -> None:
    client = make_client(agent=carol)
    assert login(alice).get(f"/clients/{client.pk}/{way}").status_code == 404


def test_a_strangers_client_cannot_be_changed(
    login: Any, alice: Any, carol: Any, make_client: Any
) -> None:
    client = make_client(agent=carol)
    browser = login(alice)
    for way in ("edit", "reveal", "note"):
        answer = browser.post(
            f"/clients/{client.pk}/{way}/", {"field": "mobile", "note": "x", "channel": "call"}
        )
        assert answer.status_code == 404
    assert not AuditEntry.objects.exists() and not Contact.objects.exists()


def test_only_administrators_see_the_orphan_pool(
    login: Any, bob: Any, admin: Any, make_client: Any
) -> None:
    orphan, served = make_client(name="孤儿", agent=None), make_client(name="有人")
    assert orphan.name not in login(bob).get("/clients/?pool=on").content.decode()
    page = login(admin).get("/clients/?pool=on").content.decode()
    assert orphan.name in page and served.name not in page


# --- finding


def found(text: str) -> set[Client]:
    return {client for way in Client.objects.search(text) for client in way}


@pytest.fixture
def zhang(make_client: Any, make_policy: Any) -> Any:
    client = make_client(name="张三", mobile="13912342046", client_class="develop")
    make_policy(client, policy_no="P330120210417")
    make_client(name="李四", mobile="13800001111")
    return client


@pytest.mark.parametrize(
    "text",
    [
        "张",
        "张三",
        "zs",
        "ZS",
        "zhang",
        "zhang san",
        "2046",
        "12342046",
        "139 1234 2046",
        "P3301",
        "p330120210417",
    ],
)
def test_a_client_is_found_by(zhang: Any, text: str) -> None:
    assert found(text) == {zhang}


@pytest.mark.parametrize("text", ["---", "·", "?", "% _"])
def test_signs_alone_find_nobody(zhang: Any, text: str) -> None:
    assert not found(text)


@pytest.mark.parametrize("text", ["乐", "乐一", "ly", "yy", "yueyi"])
def test_a_surname_read_in_two_ways_is_found_by_each(make_client: Any, text: str) -> None:
    client = make_client(name="乐一")
    assert found(text) == {client}


@pytest.mark.parametrize("text", ["单", "单于", "单于涛", "cy", "chanyu"])
def test_a_surname_of_two_characters_is_found_by_its_first(make_client: Any, text: str) -> None:
    client = make_client(name="单于涛")
    assert found(text) == {client}


def test_who_is_found_in_two_ways_is_counted_and_shown_once(
    login: Any, alice: Any, make_client: Any, make_policy: Any
) -> None:
    client = make_client(name="双重", mobile="13912342046")
    make_policy(client, policy_no="2046001")
    make_policy(client, policy_no="2046002")
    page = login(alice).get("/clients/?q=2046").content.decode()
    assert page.count("data-row") == 1 and "1–1" in page


def test_what_is_found_stays_within_ones_own(
    login: Any, alice: Any, carol: Any, make_client: Any, make_policy: Any
) -> None:
    other = make_client(name="张三", mobile="13912342046", agent=carol)
    make_policy(other, policy_no="P3301")
    for text in ("张", "zhang", "z", "zs", "2046", "P33"):
        for place in ("clients", "policies"):
            assert "data-row" not in login(alice).get(f"/{place}/?q={text}").content.decode()


def test_a_policy_number_of_digits_is_found(make_client: Any, make_policy: Any) -> None:
    client = make_client()
    make_policy(client, policy_no="880012345678")
    make_policy(client, policy_no="880012345679")
    assert found("8800123456") == {client}


@pytest.mark.parametrize(
    "address",
    [
        "?client_class=x&page=0&birthday=9&agent=abc&pool=2",
        "?page=-1",
        "?page=99999999999999999999",
        "?q=%00",
        "?q=" + "x" * 200,
        "?client_class=develop&birthday=month&q=z&page=3",
    ],
)
def test_any_address_of_the_list_is_answered(
    login: Any, bob: Any, zhang: Any, address: str
) -> None:
    assert login(bob).get(f"/clients/{address}").status_code == 200


def test_birthdays_and_classes_narrow_the_list(login: Any, alice: Any, make_client: Any) -> None:
    soon = dates.today() + timedelta(days=3)
    born = make_client(
        name="寿星", birth_on=date(1980, soon.month, min(soon.day, 28)), client_class="develop"
    )
    plain = make_client(name="平常", birth_on=None)
    Client.objects.filter(pk=born.pk).update(next_birthday_on=soon)
    browser = login(alice)
    for address in ("?birthday=week", "?client_class=develop"):
        page = browser.get(f"/clients/{address}").content.decode()
        assert born.name in page and plain.name not in page


def test_maintain_is_also_who_has_no_class(login: Any, alice: Any, make_client: Any) -> None:
    client = make_client(name="没有分类")
    assert client.name in login(alice).get("/clients/?client_class=maintain").content.decode()


def test_fifty_rows_a_page(login: Any, alice: Any, make_client: Any) -> None:
    for n in range(51):
        make_client(name=f"客户{n:02d}")
    browser = login(alice)
    assert browser.get("/clients/").content.decode().count("data-row") == 50
    assert browser.get("/clients/?page=2").content.decode().count("data-row") == 1


def test_htmx_gets_the_rows_alone(login: Any, alice: Any, zhang: Any) -> None:
    page = login(alice).get("/clients/?q=zs", headers={"HX-Request": "true"}).content.decode()
    assert "张三" in page and "<html" not in page


def test_twenty_rows_cost_the_queries_of_one(
    login: Any, bob: Any, make_client: Any, make_policy: Any
) -> None:
    browser = login(bob)
    make_policy(make_client())
    one = queries(browser, "/clients/")
    for _ in range(19):
        make_policy(make_client())
    assert queries(browser, "/clients/") == one


# --- the page


def test_the_page_tells_policies_household_and_history(
    login: Any, alice: Any, make_client: Any, make_policy: Any, make_followup: Any
) -> None:
    client = make_client(birth_on=date(1985, 11, 3), address="文三路 259 号")
    make_policy(client, insured_name="陈一诺", relation="女儿", issued_on=date(2021, 4, 10))
    Contact.objects.create(
        client=client, by=alice, on=dates.today(), note="月底前会存钱", outcome="will_pay"
    )
    make_followup(client, keep_until=dates.today(), list_on=dates.today())
    page = login(alice).get(f"/clients/{client.pk}/").content.decode()
    for words in ("陈一诺", "女儿", "月底前会存钱", "文三路 259 号", "安心 whole_life"):
        assert words in page
    assert client.mobile not in page.replace(f"tel:{client.mobile}", "")


def test_the_page_costs_the_same_for_many_policies(
    login: Any,
    alice: Any,
    make_client: Any,
    make_policy: Any,
    make_instalment: Any,
    make_followup: Any,
) -> None:
    client, browser = make_client(), login(alice)

    def live(n: int) -> None:
        policy = make_policy(client, insured_name=f"家人{n}", issued_on=date(2021, 4, 1))
        make_instalment(policy=policy, due_on=date(2025, 4, 17), paid_on=date(2025, 4, 18))
        Contact.objects.create(client=client, by=alice, on=dates.today(), note="x")
        today = dates.today()
        make_followup(
            client,
            policy=policy,
            rule="grace-10",
            occasion_on=today,
            list_on=today,
            keep_until=today,
        )

    live(0)
    one = queries(browser, f"/clients/{client.pk}/")
    for n in range(1, 20):
        live(n)
    assert queries(browser, f"/clients/{client.pk}/?all=1") == one


def test_an_undone_contact_is_struck(login: Any, alice: Any, make_client: Any) -> None:
    from django.utils import timezone

    client = make_client()
    Contact.objects.create(
        client=client, by=alice, on=dates.today(), note="打错了", undone_at=timezone.now()
    )
    assert (
        '<p class="own struck">打错了'
        in login(alice).get(f"/clients/{client.pk}/").content.decode()
    )


# --- numbers


def test_a_number_is_shown_and_recorded(login: Any, alice: Any, make_client: Any) -> None:
    client = make_client(mobile="13912342046")
    answer = login(alice).post(
        f"/clients/{client.pk}/reveal/", {"field": "mobile"}, headers={"HX-Request": "true"}
    )
    assert "13912342046" in answer.content.decode()
    entry = AuditEntry.objects.get(action="reveal")
    assert (entry.actor, entry.subject, entry.detail["field"]) == (
        alice,
        f"client {client.pk}",
        "mobile",
    )
    assert "13912342046" not in str(entry.detail)


def test_showing_works_without_script(login: Any, alice: Any, make_client: Any) -> None:
    client = make_client(id_number=ID_NUMBER)
    page = (
        login(alice).post(f"/clients/{client.pk}/reveal/", {"field": "id_number"}).content.decode()
    )
    assert ID_NUMBER in page and "<html" in page


@pytest.mark.parametrize("field", ["name", "version", "agent", "pk", ""])
def test_nothing_else_can_be_asked_for(
    login: Any, alice: Any, make_client: Any, field: str
) -> None:
    client = make_client()
    assert login(alice).post(f"/clients/{client.pk}/reveal/", {"field": field}).status_code == 404


def test_asked_with_get_it_is_masked_again(login: Any, alice: Any, make_client: Any) -> None:
    client = make_client(mobile="13912342046")
    page = login(alice).get(
        f"/clients/{client.pk}/reveal/?field=mobile", headers={"HX-Request": "true"}
    )
    assert "139 **** 2046" in page.content.decode()
    assert not AuditEntry.objects.exists()


# --- writing


def test_a_new_client_belongs_to_the_agent_who_wrote_it(login: Any, alice: Any) -> None:
    typed = {
        "name": " 赵 敏 ",
        "birthday_calendar": "solar",
        "mobile": "+86 139-1234-2046",
        "id_number": ID_NUMBER,
    }
    answer = login(alice).post("/clients/new/", typed)
    client = Client.objects.get()
    assert answer.url == f"/clients/{client.pk}/"
    assert (client.name, client.mobile, client.agent) == ("赵敏", "13912342046", alice)
    assert (client.id_number, client.birth_on, client.gender) == (
        ID_NUMBER,
        date(1949, 12, 31),
        "f",
    )
    assert AuditEntry.objects.get().action == "create"


def test_a_form_sent_twice_makes_one_client(login: Any, alice: Any) -> None:
    browser = login(alice)
    for _ in range(2):
        browser.post("/clients/new/", {"name": "赵敏", "birthday_calendar": "solar", "key": "k1"})
    assert Client.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id_number", "110105194912310021"),
        ("mobile", "12345"),
        ("birth_on", "2999-01-01"),
        ("name", ""),
    ],
)
def test_what_cannot_be_is_told(login: Any, alice: Any, field: str, value: str) -> None:
    typed = {"name": "赵敏", "birthday_calendar": "solar"} | {field: value}
    answer = login(alice).post("/clients/new/", typed)
    assert answer.status_code == 422
    assert "is-invalid" in answer.content.decode()
    assert not Client.objects.exists()


def test_two_clients_never_share_an_id_number(
    login: Any, alice: Any, carol: Any, make_client: Any
) -> None:
    make_client(agent=carol, id_number=ID_NUMBER)
    client = make_client()
    answer = login(alice).post(f"/clients/{client.pk}/edit/", form_of(client, id_number=ID_NUMBER))
    assert answer.status_code == 422


def test_hidden_numbers_left_empty_are_kept(login: Any, alice: Any, make_client: Any) -> None:
    client = make_client(mobile="13912342046", id_number=ID_NUMBER)
    browser = login(alice)
    page = browser.get(f"/clients/{client.pk}/edit/").content.decode()
    assert ID_NUMBER not in page and "13912342046" not in page
    assert (
        browser.post(f"/clients/{client.pk}/edit/", form_of(client, note="喜欢跑步")).status_code
        == 302
    )
    client.refresh_from_db()
    assert (client.mobile, client.id_number, client.note) == ("13912342046", ID_NUMBER, "喜欢跑步")
    assert client.version == 2


def test_a_dash_removes_a_number(login: Any, alice: Any, make_client: Any) -> None:
    client = make_client(mobile="13912342046")
    login(alice).post(f"/clients/{client.pk}/edit/", form_of(client, mobile="-"))
    client.refresh_from_db()
    assert client.mobile == ""


def test_a_stale_form_shows_both_and_loses_nothing(
    login: Any, alice: Any, make_client: Any
) -> None:
    client = make_client(address="旧址")
    browser, typed = login(alice), form_of(client, address="我的地址")
    browser.post(f"/clients/{client.pk}/edit/", form_of(client, address="别人的地址"))
    answer = browser.post(f"/clients/{client.pk}/edit/", typed)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "我的地址" in page and "别人的地址" in page
    client.refresh_from_db()
    assert client.address == "别人的地址"
    again = browser.post(f"/clients/{client.pk}/edit/", typed | {"version": client.version})
    assert again.status_code == 302


def test_an_agent_cannot_give_a_client_away(
    login: Any, alice: Any, carol: Any, make_client: Any
) -> None:
    client = make_client()
    login(alice).post(f"/clients/{client.pk}/edit/", form_of(client, agent=carol.pk))
    client.refresh_from_db()
    assert client.agent == alice


def test_a_supervisor_gives_only_within_the_team(
    login: Any, bob: Any, carol: Any, make_client: Any
) -> None:
    client = make_client()
    answer = login(bob).post(f"/clients/{client.pk}/edit/", form_of(client, agent=carol.pk))
    assert answer.status_code == 422
    other = User.objects.create(staff_no="A9", name="赵一鸣", role="agent", team=bob.team)
    login(bob).post(f"/clients/{client.pk}/edit/", form_of(client, agent=other.pk))
    client.refresh_from_db()
    assert (client.agent, client.handed_over_on) == (other, dates.today())


def test_a_note_becomes_a_contact_once(login: Any, alice: Any, make_client: Any) -> None:
    client, browser = make_client(), login(alice)
    for _ in range(2):
        browser.post(
            f"/clients/{client.pk}/note/", {"channel": "visit", "note": "带了台历", "key": "n1"}
        )
    contact = Contact.objects.get()
    assert (contact.by, contact.on, contact.channel) == (alice, dates.today(), "visit")
    client.refresh_from_db()
    assert client.last_contact_on == dates.today()


def test_an_empty_note_is_told(login: Any, alice: Any, make_client: Any) -> None:
    client = make_client()
    assert login(alice).post(f"/clients/{client.pk}/note/", {"channel": "call"}).status_code == 422


def test_an_auditor_writes_no_client(login: Any, auditor: Any) -> None:
    assert login(auditor).get("/clients/new/").status_code == 403


def test_the_form_also_fills_a_sheet(login: Any, alice: Any) -> None:
    page = login(alice).get("/clients/new/", headers={"HX-Request": "true"}).content.decode()
    assert 'name="name"' in page and "<html" not in page
