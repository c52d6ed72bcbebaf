"""What is to be mended: counted by agent in one query, each number with the list of just those."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients import quality
from clients.models import Client
from lib import dates

pytestmark = pytest.mark.django_db
TODAY = dates.today()
WELL: dict[str, Any] = {
    "birth_on": date(1980, 1, 1), "gender": "f", "address": "文三路 1 号", "id_valid_to": TODAY,
}  # fmt: skip
AMISS: dict[str, dict[str, Any]] = {
    "no-mobile": {"mobile": ""},
    "bad-mobile": {"mobile": "0571-88001234"},
    "dead-number": {"contact_invalid_on": TODAY},
    "no-birth": {"birth_on": None},
    "odd-birth": {"birth_on": TODAY + timedelta(days=1)},
    "no-id": {"id_number": ""},
    "id-expired": {"id_valid_to": TODAY - timedelta(days=1)},
    "no-address": {"address": ""},
    "no-gender": {"gender": ""},
}


@pytest.fixture
def make_well(make_client: Any) -> Any:
    """A client with whom nothing is amiss, but for what is said."""

    def make(**said: Any) -> Any:
        number = f"P{Client.objects.count():07d}"
        return make_client(**({"id_number": number} | WELL | said))

    return make


def test_each_thing_is_found_where_it_is_and_nowhere_else(
    make_well: Any, login: Any, bob: Any
) -> None:
    make_well()
    make_well(mobile="+86 138-0013 8000")
    for code, said in AMISS.items():
        make_well(name=f"缺{code}", **said)
    for n in range(quality.SHARED_BY + 1):
        make_well(name=f"同号{n}", mobile="13911112222")
    make_well(deceased=True, address="", gender="")
    wanted = dict.fromkeys(AMISS, 1) | {"shared-mobile": quality.SHARED_BY + 1}
    [line] = quality.by_agent(Client.objects.all(), TODAY)
    assert {check.code: n for check, n in line.cells} == wanted
    browser = login(bob)
    for code, n in wanted.items():
        assert browser.get(f"/clients/?lacks={code}").context["page"].count == n, code


def test_an_agent_sees_their_own_and_no_stranger(
    make_well: Any, login: Any, alice: Any, carol: Any
) -> None:
    make_well(mobile="")
    assert login(alice).get("/clients/quality/").context["whole"].clients == 1
    assert login(carol).get("/clients/quality/").context["whole"].clients == 0


def test_many_agents_cost_the_queries_of_one(
    make_well: Any, login: Any, dora: Any, carol: Any, django_assert_num_queries: Any
) -> None:
    make_well(mobile="")
    browser = login(dora)
    browser.get("/clients/quality/")
    with CaptureQueriesContext(connection) as first:
        browser.get("/clients/quality/")
    for _ in range(5):
        make_well(agent=carol, mobile="")
    with django_assert_num_queries(len(first)):
        page = browser.get("/clients/quality/")
    assert [line.name for line in page.context["page"]] == [carol.name, "林晓芸"]
