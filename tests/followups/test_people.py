"""The people, dates and events around a client: their pages, forms, and the one question."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEntry
from clients.card import InfoCard
from clients.family import Household
from clients.models import Client, FamilyMember, KeyDate, LifeEvent
from followups.card_questions import BANDS, QUESTIONS, Knowing, band_of, income_of, question_for
from followups.people_page import at_home_with, household_of, visit_words
from lib import dates
from policies.models import Known
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
DAY = {"calendar": "solar", "month": "6", "day": "3", "key": "k"}


@pytest.fixture
def client(make_client: Any) -> Client:
    made: Client = make_client(birth_on=date(1985, 11, 3))
    return made


@pytest.fixture
def browser(login: Any, alice: Any) -> Any:
    return login(alice)


def page_of(browser: Any, client: Client) -> str:
    return str(browser.get(f"/clients/{client.pk}/").content.decode())


# --- the family


def test_somebody_is_written_down_and_stands_in_the_tree(browser: Any, client: Client) -> None:
    said = DAY | {"calendar": "lunar", "kin": "spouse", "gender": "f", "name": "李 静"}
    answer = browser.post(f"/clients/{client.pk}/family/new/", said)
    assert answer["Location"] == f"/clients/{client.pk}/#family"
    wife = FamilyMember.objects.get()
    assert (wife.name, wife.kin, wife.is_lunar, wife.month, wife.day) == (
        "李静",
        "spouse",
        True,
        6,
        3,
    )
    page = page_of(browser, client)
    assert "李静" in page and "妻子" in page and "农历六月初三" in page
    assert AuditEntry.objects.filter(detail__part="familymember").exists()
    told = str(list(AuditEntry.objects.values_list("subject", "detail")))
    assert "李静" not in told


def test_a_form_sent_twice_writes_once(browser: Any, client: Client) -> None:
    for _ in range(2):
        browser.post(f"/clients/{client.pk}/family/new/", DAY | {"kin": "child"})
    assert FamilyMember.objects.count() == 1


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        ({"kin": ""}, "kin", ""),
        ({"kin": "other"}, "called", "Say in a word who they are"),
        ({"kin": "child", "name": "乐乐"}, "name", "stands here already"),
        ({"kin": "child", "month": "6", "day": ""}, "day", "both month and day"),
        ({"kin": "child", "month": "", "day": "3"}, "month", "both month and day"),
        ({"kin": "child", "month": "", "day": "", "year": "2014"}, "month", "as well"),
        ({"kin": "child", "month": "2", "day": "30"}, "day", "February has no day 30"),
        ({"kin": "child", "year": "1850"}, "year", "from 1901"),
        ({"kin": "child", "leap": "on"}, "leap", "Only the lunar"),
        ({"kin": "child", "calendar": "lunar", "day": "31"}, "day", "29 or 30"),
        (
            {"kin": "child", "calendar": "lunar", "year": "2024", "leap": "on"},
            "leap",
            "2024 has no leap month 6",
        ),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_saved(
    browser: Any, client: Client, said: dict[str, str], field: str, words: str
) -> None:
    FamilyMember.objects.create(client=client, kin="child", name="乐乐")
    with override("en"):
        browser.cookies["django_language"] = "en"
        answer = browser.post(f"/clients/{client.pk}/family/new/", DAY | said)
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors[field])
    assert FamilyMember.objects.count() == 1
    typed = said.get("year", "")
    assert typed in answer.content.decode()


def test_a_day_that_has_not_come_is_told(browser: Any, client: Client) -> None:
    coming = dates.today() + timedelta(days=1)
    said = {"year": str(coming.year), "month": str(coming.month), "day": str(coming.day)}
    answer = browser.post(f"/clients/{client.pk}/family/new/", DAY | said | {"kin": "child"})
    assert "year" in answer.context["form"].errors


def test_whom_the_book_insures_need_not_be_typed(
    browser: Any, client: Client, make_policy: Any
) -> None:
    policy = make_policy(client, insured_name="陈一诺", relation="投保人之女")
    page = page_of(browser, client)
    address = f"/clients/{client.pk}/family/new/?policy={policy.pk}"
    assert address in page
    form = browser.get(address).context["form"]
    assert (form["name"].value(), form["kin"].value(), form["gender"].value()) == (
        "陈一诺",
        "child",
        "f",
    )


def test_book_and_hand_are_one_tree_without_doubles(
    client: Client, make_policy: Any, make_client: Any, alice: Any, carol: Any
) -> None:
    make_policy(client, insured_name=client.name, relation="本人")
    make_policy(client, insured_name="陈一诺", relation="女儿")
    make_policy(client, insured_name="陈一诺", relation="女儿")
    make_policy(client, insured_name="干爹", relation="义父")
    FamilyMember.objects.create(
        client=client, kin="child", gender="f", name="陈一诺", year=2014, month=1, day=1
    )
    wife = make_client(name="李静")
    home = Household.begin(client)
    home.join(wife)
    home.join(make_client(name="外人", agent=carol))
    client.refresh_from_db()
    tree = household_of(client, client.policies.all(), at_home_with(client, alice))
    assert (tree.own, tree.size) == (1, 4)
    assert [(one.name, one.policies, one.member is not None) for one in tree.children] == [
        ("陈一诺", 2, True)
    ]
    assert {(one.name, str(one.role), one.client) for one in tree.others} == {
        ("干爹", "义父", None),
        ("李静", "", wife.pk),
    }


def test_somebody_is_changed_and_removed(browser: Any, client: Client) -> None:
    row = FamilyMember.objects.create(client=client, kin="child", name="乐乐", month=1, day=1)
    browser.post(f"/family/{row.pk}/", DAY | {"kin": "child", "name": "乐乐", "month": "2"})
    row.refresh_from_db()
    assert (row.month, row.next_on) == (2, row.comes_on(dates.today()))
    browser.post(f"/family/{row.pk}/", {"do": "remove", "key": "r"})
    assert not FamilyMember.objects.exists()


def test_a_household_is_found_joined_and_left(
    browser: Any, client: Client, make_client: Any, carol: Any
) -> None:
    wife, stranger = make_client(name="李静"), make_client(name="李静", agent=carol)
    address = f"/clients/{client.pk}/household/"
    assert browser.post(address, {"who": "李静"}).context["found"] == [wife]
    assert browser.post(address, {"who": stranger.pk, "do": "join"}).status_code == 404
    browser.post(address, {"who": wife.pk, "do": "join", "key": "1"})
    client.refresh_from_db()
    assert client.household is not None
    assert set(client.household.members.all()) == {client, wife}
    browser.post(address, {"who": wife.pk, "do": "leave", "key": "2"})
    assert not Household.objects.exists()


def test_the_page_costs_the_same_for_many_people(
    browser: Any, client: Client, alice: Any, django_assert_max_num_queries: Any
) -> None:
    def add(n: int) -> None:
        FamilyMember.objects.create(client=client, kin="child", name=f"{n}", month=1, day=1)
        KeyDate.objects.create(client=client, kind="own", label=f"{n}", month=1, day=1)
        LifeEvent.objects.create(client=client, kind="move", on=TODAY, by=alice)

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for many in (1, 19):
        for n in range(many):
            add(many * 100 + n)
        with CaptureQueriesContext(connection) as queries:
            page_of(browser, client)
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- dates


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": ""}, "kind"),
        ({"kind": "own", "label": ""}, "label"),
        ({"kind": "wedding", "month": "", "day": ""}, "month"),
        ({"kind": "career"}, "kind"),  # there is one already
        ({"kind": "wedding", "calendar": "lunar", "month": "12", "leap": "on"}, "leap"),
    ],
)
def test_a_date_that_cannot_be_is_told(
    browser: Any, client: Client, said: dict[str, str], field: str
) -> None:
    KeyDate.objects.create(client=client, kind="career", month=9, day=10)
    answer = browser.post(f"/clients/{client.pk}/dates/new/", DAY | said)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert KeyDate.objects.count() == 1


def test_a_date_is_kept_changed_and_removed(browser: Any, client: Client) -> None:
    said = DAY | {"kind": "wedding", "year": "2014"}
    browser.post(f"/clients/{client.pk}/dates/new/", said)
    kept = KeyDate.objects.get()
    assert kept.next_on == kept.comes_on(dates.today())
    assert "结婚纪念日" in page_of(browser, client)
    browser.post(f"/dates/{kept.pk}/", said | {"day": "4", "key": "2"})
    kept.refresh_from_db()
    assert kept.day == 4
    browser.post(f"/dates/{kept.pk}/", {"do": "remove", "key": "3"})
    assert not KeyDate.objects.exists()


# --- events


def test_a_death_in_the_family_silences_sales_for_ninety_days(browser: Any, client: Client) -> None:
    today = dates.today()
    browser.post(
        f"/clients/{client.pk}/events/new/",
        {"kind": "loss", "on": today.isoformat(), "note": "父亲", "key": "1"},
    )
    client.refresh_from_db()
    assert client.no_sales_until == today + timedelta(days=90)
    page = page_of(browser, client)
    assert "不推销" in page and "父亲" in page
    browser.post(f"/events/{LifeEvent.objects.get().pk}/remove/", {"key": "2"})
    client.refresh_from_db()
    assert client.no_sales_until is None


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "", "on": "today"}, "kind"),
        ({"kind": "birth", "on": "tomorrow"}, "on"),
        ({"kind": "birth", "on": "long ago"}, "on"),
        ({"kind": "birth", "on": "2026-02-30"}, "on"),
        ({"kind": "birth", "on": ""}, "on"),
    ],
)
def test_an_event_that_cannot_be_is_told(
    browser: Any, client: Client, said: dict[str, str], field: str
) -> None:
    today = dates.today()
    days = {
        "today": today.isoformat(),
        "tomorrow": (today + timedelta(days=1)).isoformat(),
        "long ago": (today - timedelta(days=800)).isoformat(),
    }
    sent = said | {"on": days.get(said["on"], said["on"]), "note": "记下的话"}
    answer = browser.post(f"/clients/{client.pk}/events/new/", sent)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "记下的话" in answer.content.decode()
    assert not LifeEvent.objects.exists()


def test_what_the_note_says_is_encrypted(client: Client, alice: Any) -> None:
    from django.db import connection

    LifeEvent.record(client, "illness", on=TODAY, note="住院", by=alice)
    InfoCard.objects.create(client=client, taboos="忌口")
    with connection.cursor() as cursor:
        cursor.execute("SELECT note, (SELECT taboos FROM clients_infocard) FROM clients_lifeevent")
        note, taboos = (bytes(value) for value in cursor.fetchone())
    assert "住院".encode() not in note
    assert "忌口".encode() not in taboos
    assert (LifeEvent.objects.get().note, InfoCard.objects.get().taboos) == ("住院", "忌口")


# --- the card and its question


def knowing(client: Client, **known: Any) -> Knowing:
    card = InfoCard(client=client, **known.pop("card", {}))
    return Knowing(client, card, known.get("known"), known.get("family", frozenset()), 40)


def test_the_most_valuable_question_comes_first(client: Client) -> None:
    first = question_for(knowing(client), TODAY)
    assert first is not None
    assert first.fact in {"visit_time", "ask_first", "income"}
    client.tier = "key"
    of_the_top = question_for(knowing(client), TODAY)
    assert of_the_top is not None
    assert of_the_top.fact in {"income", "marital"}


def test_it_is_the_same_all_week_and_changes_from_week_to_week(client: Client) -> None:
    monday = date(2026, 6, 8)

    def asked(days: int) -> str:
        question = question_for(knowing(client), monday + timedelta(days=days))
        return question.fact if question else ""

    assert len({asked(n) for n in range(7)}) == 1
    assert len({asked(7 * n) for n in range(4)}) > 1


def test_what_was_put_off_rests_for_a_month(client: Client) -> None:
    asked = question_for(knowing(client), TODAY)
    assert asked is not None
    card = InfoCard(client=client)
    card.ask_later(asked.fact, TODAY)
    rests = Knowing(client, card, None, frozenset(), 40)
    for days in (0, 29):
        again = question_for(rests, TODAY + timedelta(days=days))
        assert again is not None and again.fact != asked.fact
    assert not card.rests(asked.fact, TODAY + timedelta(days=30))


def test_when_all_is_known_nothing_is_asked(client: Client) -> None:
    card = dict.fromkeys(InfoCard.FACTS, "x") | {"ask_first": False}
    known = Known(client=client, income=Decimal(1))
    assert question_for(knowing(client, card=card, known=known), TODAY) is None


def test_a_spouse_who_is_known_answers_whether_they_are_married(client: Client) -> None:
    client.tier = "key"
    known = Known(client=client, income=Decimal(1))
    asked = question_for(knowing(client, known=known, family=frozenset({"spouse"})), TODAY)
    assert asked is not None and asked.fact != "marital"


@given(income=st.decimals(1, 10_000_000, places=2))
def test_every_income_lies_in_one_band(income: Decimal) -> None:
    assert band_of(income) in {label for _code, label, *_rest in BANDS}


def test_what_stands_for_a_band_lies_in_it() -> None:
    for code, label, _below, _usual in BANDS:
        assert band_of(income_of(code)) == label


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.fact)
def test_every_question_is_answered_in_one_step(
    browser: Any, client: Client, question: Any
) -> None:
    said = question.choices[0][0] if question.choices else "写下的话"
    answer = browser.post(
        f"/clients/{client.pk}/card/answer/",
        {"question": question.fact, "answer": said, "key": "1"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    assert answer.context["question"].fact != question.fact
    if question.fact == "income":
        assert Known.objects.get().income == income_of(said)
    else:
        assert InfoCard.objects.get().says(question.fact)


def test_a_band_does_not_blur_a_sum_that_is_known(browser: Any, client: Client) -> None:
    Known.objects.create(client=client, income=Decimal("123456"))
    for n, band in enumerate(("200", "500")):
        browser.post(
            f"/clients/{client.pk}/card/answer/",
            {"question": "income", "answer": band, "key": f"{n}"},
        )
        assert Known.objects.get().income == (Decimal("123456"), Decimal(300_000))[n]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"question": "hobbies", "answer": "  "}, 422),
        ({"question": "marital", "answer": "nonsense"}, 302),
        ({"question": "nonsense", "answer": "x"}, 302),
    ],
)
def test_no_answer_writes_nothing(
    browser: Any, client: Client, said: dict[str, str], status: int
) -> None:
    assert browser.post(f"/clients/{client.pk}/card/answer/", said).status_code == status
    assert not InfoCard.objects.filter(marital__gt="").exists()


def test_not_now_is_kept(browser: Any, client: Client) -> None:
    browser.post(f"/clients/{client.pk}/card/answer/", {"question": "hobbies", "not_now": "1"})
    assert InfoCard.objects.get().rests("hobbies", dates.today())


def test_only_what_is_known_is_shown(browser: Any, client: Client) -> None:
    InfoCard.objects.create(client=client, visit_time="morning", ask_first=True, hobbies="摄影")
    shown = browser.get(f"/clients/{client.pk}/").context["facts"]
    assert [str(fact.words) for fact in shown] == ["工作日上午 · 先预约", "摄影"]


def test_the_whole_card_is_a_page(browser: Any, client: Client) -> None:
    said = {"hobbies": "下棋", "ask_first": "false", "profession": "teacher", "income": "500"}
    browser.post(f"/clients/{client.pk}/card/", said | {"key": "1"})
    card = InfoCard.objects.get()
    assert (card.hobbies, card.ask_first, card.profession) == ("下棋", False, "teacher")
    assert Known.objects.get().income == 300_000
    day = KeyDate.objects.get()
    assert (day.kind, day.month, day.day) == ("career", 9, 10)
    assert "教师节" in page_of(browser, client)


@pytest.mark.parametrize("n", [81, 200])
def test_a_card_that_says_too_much_is_told(browser: Any, client: Client, n: int) -> None:
    answer = browser.post(f"/clients/{client.pk}/card/", {"employer": "长" * n, "hobbies": "下棋"})
    assert answer.status_code == 422
    assert "下棋" in answer.content.decode()
    assert not InfoCard.objects.exists()


def test_the_best_time_stands_where_the_agent_calls(
    browser: Any, client: Client, make_followup: Any
) -> None:
    InfoCard.objects.create(client=client, visit_time="evening", ask_first=True)
    task = make_followup(client, list_on=dates.today(), keep_until=dates.today())
    assert "工作日晚上 · 先预约" in browser.get(f"/tasks/{task.pk}/").content.decode()


def test_nothing_to_say_of_the_time_says_nothing(client: Client) -> None:
    assert visit_words(InfoCard(client=client)) == ""


def test_the_data_are_checked_and_found_wrong(browser: Any, client: Client) -> None:
    for n, (do, expected) in enumerate([("wrong", True), ("right", False)]):
        browser.post(f"/clients/{client.pk}/checked/", {"do": do, "key": f"{n}"})
        client.refresh_from_db()
        assert (client.contact_invalid_on is not None) is expected
    assert client.verified_on == dates.today()


def test_the_question_is_answered_with_the_log(
    browser: Any, client: Client, make_followup: Any
) -> None:
    task = make_followup(client, list_on=dates.today(), keep_until=dates.today())
    address = f"/tasks/{task.pk}/log/"
    asked = browser.get(address).context["question"]
    said = {"task": task.pk, "outcome": "done", "channel": "call", "key": "1"}
    said |= {"card_question": asked.fact, "card_answer": asked.choices[0][0]}
    browser.post(address, said)
    task.refresh_from_db()
    assert task.status == "done"
    assert InfoCard.objects.get().says(asked.fact)


def test_a_log_without_an_answer_writes_no_card(
    browser: Any, client: Client, make_followup: Any
) -> None:
    task = make_followup(client, list_on=dates.today(), keep_until=dates.today())
    said = {"task": task.pk, "outcome": "done", "channel": "call", "card_question": "hobbies"}
    browser.post(f"/tasks/{task.pk}/log/", said)
    assert not InfoCard.objects.exists()
