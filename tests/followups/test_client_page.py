"""The client's page: what happened, what comes, what to say, and how they may be reached."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clients.models import Client, Consent, Contact, FamilyMember, Household, Rhythm
from followups.client_views import next_contact
from followups.talking import talking_point
from lib import dates
from policies.attention import mark
from policies.coverage import coverage_of
from policies.models import Known
from policies.premium_line import Held
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)
MOST_QUERIES = 20


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: TODAY)


def page(login: Any, user: Any, client: Client, **ask: str) -> str:
    answer = login(user).get(reverse("client", args=[client.pk]), ask)
    assert answer.status_code == 200
    return str(answer.content.decode())


def said(client: Client, income: int | None = 100_000, praise: str = "") -> str:
    client.refresh_from_db()
    policies = list(client.policies.all())
    known = Known(client=client, income=income and Decimal(income))
    coverage = coverage_of(client.name, policies, known, 0, TODAY)
    return talking_point(client, [Held(one, TODAY) for one in policies], coverage, praise, TODAY)


def test_the_page_costs_the_same_however_much_there_is(
    login: Any,
    alice: Any,
    make_client: Any,
    make_policy: Any,
    make_instalment: Any,
    make_followup: Any,
    settings: Any,
) -> None:
    def fill(client: Client, n: int) -> None:
        home = Household.begin(client)
        for k in range(n):
            home.join(make_client(mobile=""))
            FamilyMember.objects.create(client=client, kin="child", name=f"孩子{k}")
            mark(client, "means", bool(k % 2), by=alice)
            policy = make_policy(client, insured_name=f"家人{k}", relation="子女", sum_assured=9)
            make_instalment(policy, due_on=TODAY - 400 * A_DAY, paid_on=TODAY - 390 * A_DAY)
            Contact.objects.create(client=client, by=alice, on=TODAY - k * A_DAY)
            make_followup(client, rule=f"r-{k}", series="family", keep_until=TODAY + 9 * A_DAY)

    settings.REMEMBERED_SECONDS = 60
    counts, browser = [], login(alice)
    for n in (1, 1, 20):  # at first what is remembered is read
        client = make_client()
        fill(client, n)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(reverse("client", args=[client.pk])).status_code == 200
        counts.append(len(queries))
    assert counts[1] == counts[2] <= MOST_QUERIES


def test_the_filters_show_what_they_say(
    login: Any, alice: Any, make_client: Any, make_policy: Any
) -> None:
    client = make_policy(make_client(), issued_on=TODAY - A_DAY).holder
    Contact.objects.create(client=client, by=alice, on=TODAY, note="聊了养老")
    Consent.take(client, "call", "refused", on=TODAY, evidence="来信写明", by=alice)
    shown = {
        kind: [
            word in page(login, alice, client, show=kind)
            for word in ("聊了养老", "保单签发", "来信写明")
        ]
        for kind in ("contacts", "policies", "system", "")
    }
    assert shown == {
        "contacts": [True, False, False],
        "policies": [False, True, False],
        "system": [False, False, True],
        "": [True, True, True],
    }


def test_the_timeline_answers_alone(login: Any, alice: Any, make_client: Any) -> None:
    url = reverse("client", args=[make_client().pk])
    headers = {"HX-Request": "true", "HX-Target": "timeline"}
    body = login(alice).get(url, headers=headers).content.decode()
    assert body.lstrip().startswith('<section class="panel stack" id="timeline"')


@pytest.mark.parametrize("channel", ["call", "visit"])
def test_a_refused_way_is_not_offered(
    channel: str, login: Any, alice: Any, make_client: Any
) -> None:
    client = make_client(address="文三路 259 号")
    offered = {"call": "tel:", "visit": "geo:"}[channel]
    assert offered in page(login, alice, client)
    url = reverse("client_consent", args=[client.pk])
    post = {
        "channel": channel,
        "state": "refused",
        "on": TODAY.isoformat(),
        "evidence": "电话里说的",
    }
    assert login(alice).post(url, post).status_code == 302
    body = page(login, alice, client)
    assert offered not in body and 'class="line refused"' in body


@pytest.mark.parametrize(
    "wrong", [{"evidence": ""}, {"on": "2026-06-13"}, {"state": "perhaps"}, {"channel": "post"}]
)
def test_a_word_without_evidence_or_sense_is_refused_and_nothing_is_kept(
    wrong: dict[str, str], login: Any, alice: Any, make_client: Any
) -> None:
    url = reverse("client_consent", args=[make_client().pk])
    post = {"channel": "call", "state": "refused", "on": TODAY.isoformat(), "evidence": "来信"}
    assert login(alice).post(url, post | wrong).status_code == 422
    assert not Consent.objects.exists()


# --- The next contact


def test_nobody_who_may_be_spoken_to_is_without_a_next_contact(make_client: Any) -> None:
    for fields in ({}, {"client_class": "develop"}, {"last_contact_on": date(2020, 1, 1)}):
        client = make_client(**fields)
        client.refresh_from_db()
        found = next_contact(client, [], Rhythm(), TODAY)
        assert found and found >= TODAY
    for wish in ("deceased", "do_not_contact"):
        assert next_contact(make_client(**{wish: True}), [], Rhythm(), TODAY) is None


def test_what_stands_on_a_list_comes_before_the_rhythm(
    make_client: Any, make_followup: Any
) -> None:
    client = make_client(client_class="develop", last_contact_on=TODAY - 10 * A_DAY)
    client.refresh_from_db()
    assert next_contact(client, [], Rhythm(), TODAY) == TODAY + 20 * A_DAY
    row = make_followup(client, list_on=TODAY + 3 * A_DAY, keep_until=TODAY + 9 * A_DAY)
    assert next_contact(client, [row], Rhythm(), TODAY) == TODAY + 3 * A_DAY


# --- What to talk about


def test_service_comes_before_the_product(
    make_client: Any, make_policy: Any, make_instalment: Any
) -> None:
    client = make_client()
    assert (
        said(client) == "先问候近况，听听家里有什么变化。之后送一份保单检视，重点看寿险和意外险。"
    )
    assert said(client, praise="先谢谢客户一直按时缴费。").startswith("先谢谢客户")
    Client.objects.filter(pk=client.pk).update(last_contact_on=TODAY - 200 * A_DAY)
    assert said(client).startswith("先问候：已经 200 天没联系了。")
    make_instalment(make_policy(client), due_on=TODAY - 9 * A_DAY)
    assert said(client).startswith("先把安心 whole_life的保费补上。")
    Client.objects.filter(pk=client.pk).update(complaint_open_since=TODAY)
    assert said(client) == "先把投诉办好，再谈别的。"
    Client.objects.filter(pk=client.pk).update(deceased=True)
    assert said(client) == ""


def test_without_an_income_one_asks_for_it(make_client: Any) -> None:
    assert said(make_client(), income=None).endswith("之后问问家庭收入，好把保障缺口算清。")
