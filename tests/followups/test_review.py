"""The policy review that an agent brings on paper: right sums, right words, nobody else's family."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clients.models import Client, FamilyMember, Household
from followups.review import Review, first_of
from lib import dates
from policies.coverage import Risk
from policies.models import Known, Policy
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: TODAY)


@pytest.fixture
def family(make_client: Any, make_policy: Any, make_instalment: Any) -> Client:
    """陈志远 in grace with 20 of 50 ten thousands, his wife as a client, a daughter of nine."""
    husband = make_client(name="陈志远", birth_on=date(1985, 1, 1))
    wife = make_client(name="李静", birth_on=date(1987, 1, 1))
    home = Household.begin(husband)
    home.join(wife)
    Known.objects.create(client=husband, income=100_000)
    FamilyMember.objects.create(
        client=husband, kin="child", gender="f", name="陈一诺", year=2017, month=1, day=1
    )
    ill = make_policy(
        husband, kind="critical_illness", sum_assured=200_000, premium=6820,
        effective_on=date(2021, 4, 17), pay_years=20, insured_name="",
    )  # fmt: skip
    make_instalment(ill, due_on=date(2026, 4, 17), amount=6820)
    make_policy(
        wife, kind="endowment", sum_assured=100_000, premium=10_000, pay_years=10,
        effective_on=date(2018, 11, 8), next_due_on=date(2026, 11, 8),
        insured_name="陈一诺", relation="女儿",
    )  # fmt: skip
    return husband  # type: ignore[no-any-return]


def review_of(client: Client) -> Review:
    client.refresh_from_db()
    clients = first_of(Client.objects.at_home_with(client.pk), client.pk)
    policies = Policy.objects.filter(holder__in=clients).select_related("product", "holder")
    return Review(clients, list(policies.order_by("pk")), TODAY)


def test_each_of_the_household_has_a_row_and_the_child_its_education(family: Client) -> None:
    rows = {row.name: {gap.risk: gap for gap in row.gaps} for row in review_of(family).rows}
    assert list(rows) == ["陈志远", "李静", "陈一诺"]
    assert int(rows["陈志远"][Risk.CRITICAL].missing) == 300_000
    assert rows["李静"][Risk.CRITICAL].need is None
    education = rows["陈一诺"][Risk.EDUCATION]
    assert (int(education.have), int(education.missing)) == (100_000, 200_000)
    assert Risk.EDUCATION not in rows["陈志远"]


def test_it_says_three_sentences_the_last_about_what_is_owed(family: Client) -> None:
    held, lacking, first_step = review_of(family).sentences
    assert held == "您家有 2 份保单，一年交 ¥16,820。"
    assert lacking.startswith("最需要补的是：")
    assert first_step.endswith("的保费 ¥6,820 请在 6月16日前补上，保障就不会中断。")


def test_the_months_add_up_to_what_falls_due_in_the_year(family: Client) -> None:
    review = review_of(family)
    months = {c.month.number: int(c.month.amount) for c in review.columns if c.month.amount}
    assert (months, int(review.owed)) == ({4: 6820, 11: 10_000}, 6820)


@pytest.mark.parametrize(
    "fields",
    [{"do_not_sell": True}, {"complaint_open_since": TODAY}, {"no_sales_until": TODAY + A_DAY}],
    ids=lambda fields: next(iter(fields)),
)
def test_where_nothing_may_be_sold_no_gap_is_shown(
    fields: dict[str, Any], family: Client, login: Any, alice: Any
) -> None:
    Client.objects.filter(name="李静").update(**fields)
    assert not review_of(family).gaps
    words = page(login, alice, family)
    assert "缺多少" not in words and 'class="tag danger">缺' not in words
    assert "补上最大的缺口" not in words


def test_without_an_income_it_asks_for_it(family: Client) -> None:
    Known.objects.all().delete()
    review = review_of(family)
    assert review.sentences[1].startswith("需要多少保障")
    assert [title for title, _text in review.steps][1] == "告诉我们家庭收入"


def page(login: Any, user: Any, client: Client) -> str:
    answer = login(user).get(reverse("client_review", args=[client.pk]))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_who_lives_there_but_is_served_by_another_stays_out(
    family: Client, login: Any, alice: Any, carol: Any, make_policy: Any
) -> None:
    Client.objects.filter(name="李静").update(agent=carol)
    assert "李静" not in page(login, alice, family)
    assert login(carol).get(reverse("client_review", args=[family.pk])).status_code == 404


def test_twenty_policies_cost_the_queries_of_one(
    family: Client, login: Any, alice: Any, make_policy: Any, make_instalment: Any
) -> None:
    browser, url = login(alice), reverse("client_review", args=[family.pk])

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert browser.get(url).status_code == 200
        return len(caught)

    one = queries()
    for n in range(20):
        make_instalment(make_policy(family, insured_name=f"家人{n}"), due_on=TODAY + n * A_DAY)
    assert queries() == one <= 8
