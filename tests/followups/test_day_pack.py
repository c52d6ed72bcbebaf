"""The day on paper: everything that stands on the list, with what is brought and posted."""

from datetime import UTC, datetime
from typing import Any

import pytest
import segno
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from followups import agenda
from followups.day_pack import DayPack, pack_of
from followups.day_pack_pdf import pdf_of
from lib import dates
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: TODAY)


@pytest.fixture
def call(make_client: Any, make_policy: Any, make_instalment: Any, make_followup: Any) -> Any:
    """A premium that is due, of somebody at an address; in its last week it is visited."""

    def make(address: str = "西湖区文三路1号", rule: str = "renewal-due", **of_client: Any) -> Any:
        policy = make_policy(make_client(address=address, **of_client))
        due = make_instalment(policy, due_on=TODAY)
        usual = {"rule": rule, "series": "premium", "item": 1, "policy": policy, "instalment": due}
        return make_followup(policy.holder, **usual)

    return make


def pack_on(user: Any) -> DayPack:
    now = datetime(2026, 6, 11, 12, tzinfo=UTC)
    the_day = agenda.of(user, user, TODAY, TODAY)
    return pack_of(
        the_day, TODAY, now, lambda stop, _visited: f"https://crm.example/tasks/{stop.lead.pk}/log/"
    )


def test_everybody_of_the_day_stands_in_it_once_the_visits_first(alice: Any, call: Any) -> None:
    by_telephone, visited = call(), call("滨江区江南大道2号", "grace-last-week")
    lines = pack_on(alice).lines
    assert [(line.number, line.stop.lead) for line in lines] == [(1, visited), (2, by_telephone)]
    assert [line.leg is not None for line in lines] == [True, False]


def test_what_is_not_brought_is_posted(alice: Any, call: Any) -> None:
    posted, _visited = call(), call("滨江区江南大道2号", "grace-last-week")
    call("")
    pack = pack_on(alice)
    assert len(pack.notices) == 3
    assert pack.posted == [posted.client]


def test_a_birthday_of_today_is_a_card_in_the_words_of_the_office(
    alice: Any, admin: Any, make_followup: Any, make_client: Any
) -> None:
    from followups.texts import Text

    Text(occasion="birthday", channel="card", words="祝{称呼}生日快乐").put_in_force(admin)
    make_followup(make_client(name="陈志远", gender="m"))
    (card,) = pack_on(alice).cards
    assert card.words == "祝陈先生生日快乐"


def test_the_code_opens_the_outcome_form(alice: Any, call: Any, login: Any) -> None:
    followup = call()
    page = login(alice).get("/today/pack/").content.decode()
    drawn = segno.make(f"http://testserver/tasks/{followup.pk}/log/", error="m", micro=False)
    path = drawn.svg_inline(border=0, omitsize=True, svgclass=None, lineclass=None)
    assert path.split(' d="')[1] in page


def test_forty_cost_the_queries_of_one(alice: Any, login: Any, call: Any) -> None:
    browser = login(alice)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert browser.get("/today/pack/").status_code == 200
        return len(caught)

    call()
    call(rule="grace-last-week")
    queries()
    few = queries()
    for number in range(6):
        call(f"西湖区文三路{number}号")
        call(f"拱墅区湖墅南路{number}号", "grace-last-week")
    assert queries() == few


def test_the_pdf_has_every_page_whatever_stands_in_a_name(
    alice: Any, call: Any, login: Any
) -> None:
    call(name='#pagebreak() $x$ "*<b>', rule="grace-last-week")
    call()
    answer = login(alice).post("/today/pack/pdf/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert AuditEntry.objects.filter(action=AuditEntry.Action.EXPORT).count() == 1


def test_an_empty_day_is_a_page_as_well(alice: Any) -> None:
    assert pdf_of(pack_on(alice)).startswith(b"%PDF-")


def test_numbers_are_masked_on_paper(alice: Any, login: Any, call: Any) -> None:
    followup = call()
    page = login(alice).get("/today/pack/").content.decode()
    assert followup.client.mobile not in page
