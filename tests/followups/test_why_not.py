"""Why a client is not on a list: the first condition of each rule that fails, and never a wrong "is on it"."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from clients.models import Client, Consent, LifeEvent
from followups import silence, why_not
from followups.daily import settle, write_day
from followups.models import FollowUp, RuleMute, ServicePlan
from followups.rulebook import BY_CODE, RULEBOOK
from followups.why_not import Case, verdict_of, verdicts
from followups.work import record
from lib import dates
from policies import promises
from policies.models import Instalment, Policy
from tests.conftest import TODAY
from tests.followups import test_touched
from tests.followups.test_touched import (  # noqa: F401
    _few_are_many,
    histories,
    lists_agree,
    quickly,
)

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


@pytest.fixture
def owing(make_instalment: Any) -> Client:
    """A client on today's list for a premium due today."""
    client: Client = make_instalment(due_on=TODAY).policy.holder
    write_day(TODAY)
    return client


def told(client: Client, code: str = "renewal-due", day: date = TODAY) -> why_not.Verdict:
    return verdict_of(BY_CODE[code], Case(Client.objects.get(pk=client.pk), day))


def done(client: Client, by: Any) -> None:
    record(list(FollowUp.objects.open()), by=by, outcome="refused", note="x", on=TODAY)


def promised(client: Client, by: Any) -> None:
    FollowUp.objects.all().delete()
    promises.promise(Instalment.objects.get(), on=TODAY, until=TODAY + 3 * A_DAY, by=by)


CASES: dict[str, tuple[Any, str, str, date]] = {
    "it is on the list": (lambda client, by: None, "renewal-due", "", TODAY),
    "nothing of this kind": (
        lambda client, by: client.policies.all().delete(),
        "renewal-due",
        "population",
        TODAY,
    ),
    "paid": (
        lambda client, by: (
            FollowUp.objects.all().delete(),
            Instalment.objects.update(paid_on=TODAY),
        ),
        "renewal-due",
        "population",
        TODAY,
    ),
    "not in force": (
        lambda client, by: (
            FollowUp.objects.all().delete(),
            Policy.objects.update(status="surrendered"),
        ),
        "renewal-due",
        "population",
        TODAY,
    ),
    "not yet": (lambda client, by: None, "grace-10", "date", TODAY),
    "over": (lambda client, by: None, "renewal-due", "date", TODAY + 9 * A_DAY),
    "the class gets no such service": (
        lambda client, by: (
            FollowUp.objects.all().delete(),
            ServicePlan.objects.filter(item=1).update(level="no"),
        ),
        "renewal-due",
        "plan",
        TODAY,
    ),
    "not to be contacted": (
        lambda client, by: (
            FollowUp.objects.all().delete(),
            Client.objects.update(do_not_contact=True),
        ),
        "renewal-due",
        "contact",
        TODAY,
    ),
    "waits for the client's word": (promised, "renewal-due", "resting", TODAY),
    "silenced": (
        lambda client, by: silence.silence(
            client, "renewal-due", until=TODAY, reason="已核对", by=by, on=TODAY
        ),
        "renewal-due",
        "muted",
        TODAY,
    ),
    "done already": (done, "renewal-due", "done", TODAY),
    "withdrawn": (
        lambda client, by: FollowUp.objects.update(status="withdrawn", reason="changed"),
        "renewal-due",
        "withdrawn",
        TODAY,
    ),
    "replaced by a later stage": (
        lambda client, by: FollowUp.objects.update(status="superseded"),
        "renewal-due",
        "superseded",
        TODAY,
    ),
    "missed": (
        lambda client, by: FollowUp.objects.update(status="missed"),
        "renewal-due",
        "missed",
        TODAY,
    ),
    "wanted since the list was written": (
        lambda client, by: FollowUp.objects.all().delete(),
        "renewal-due",
        "unwritten",
        TODAY,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_first_condition_that_fails_is_named(case: str, owing: Client, alice: Any) -> None:
    happens, code, failed, day = CASES[case]
    happens(owing, alice)
    verdict = told(owing, code, day)
    assert verdict.failed == failed
    assert verdict.words


WORDS = {
    "paid": "paid",
    "over": "17 June",
    "not yet": "22 June",
    "the class gets no such service": "Maintain",
    "silenced": "已核对",
    "done already": "Refused",
}


@pytest.mark.parametrize("case", WORDS)
def test_it_says_so_in_words(case: str, owing: Client, alice: Any) -> None:
    happens, code, _failed, day = CASES[case]
    happens(owing, alice)
    with translation.override("en"):
        assert WORDS[case] in told(owing, code, day).words


def test_every_gate_of_every_rule_has_its_words() -> None:
    assert {code for rule in RULEBOOK for code, _gate in rule.gates} <= why_not.GATES.keys()


def test_a_death_and_a_mourning_family_are_told_apart(make_policy: Any) -> None:
    client = make_policy().holder
    assert told(client, "condolence").failed == "population"
    Client.objects.update(deceased=True, deceased_on=TODAY - A_DAY)
    assert told(client, "condolence").failed == "unwritten"


def test_what_was_agreed_stands_there_without_a_rule(owing: Client, alice: Any) -> None:
    record(list(FollowUp.objects.open()), by=alice, outcome="no_answer", on=TODAY)
    listed = [one.code for one in verdicts(owing, TODAY + A_DAY) if one.listed]
    assert listed == [FollowUp.AGREED]


def test_forty_policies_cost_the_queries_of_one(owing: Client, make_policy: Any) -> None:
    with CaptureQueriesContext(connection) as one:
        verdicts(owing, TODAY)
    for _ in range(20):
        make_policy(owing)
    with CaptureQueriesContext(connection) as many:
        verdicts(owing, TODAY)
    assert len(many) <= len(one) + 2


def _compare(day: date) -> set[str]:
    """Of each client a third of the rules, another third each day."""
    failed, rules = set(), RULEBOOK[day.toordinal() % 3 :: 3]
    for client in Client.objects.order_by("pk")[:2]:
        case = Case(client, day)
        told = [verdict_of(rule, case) for rule in rules]
        stand = (
            FollowUp.objects.open()
            .on(day)
            .filter(client=client, rule__in=[rule.code for rule in rules])
        )
        there = set(stand.values_list("rule", flat=True))
        assert {verdict.code for verdict in told if verdict.listed} == there
        failed |= {verdict.failed for verdict in told}
    return failed


@pytest.mark.usefixtures("_few_are_many")
@quickly(2)
@histories
def test_it_says_on_the_list_exactly_where_the_follow_up_is_on_it(
    lists_agree: Any,  # noqa: F811
    book: Any,
    writings: Any,
) -> None:
    """Whatever happened, after a writing and after what happened since."""

    def compare(day: date, **more: Any) -> Any:
        if more:  # the same day is written a second time
            return kept(day, **more)
        _compare(day)
        result = kept(day, **more)
        assert "unwritten" not in _compare(day)  # what passes every gate has been written
        return result

    kept, test_touched.written = test_touched.written, compare
    try:
        lists_agree(book, writings)
    finally:
        test_touched.written = kept


# --- the pages


@pytest.fixture
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: TODAY)


@pytest.mark.usefixtures("_today")
def test_the_page_asks_for_a_client_and_a_day(owing: Client, alice: Any, login: Any) -> None:
    browser = login(alice)
    found = browser.get("/today/why-not/", {"q": owing.name, "on": "2026-06-19"})
    assert found["Location"] == f"/clients/{owing.pk}/why-not/?on=2026-06-19"
    page = browser.get(found["Location"], headers={"accept-language": "en"}).content.decode()
    assert "Fri 19 June" in page
    assert 'data-failed="date"' in page
    assert 'data-failed="population"' in page
    for nonsense in ("?on=x", "?on=9999-12-31", "?on=2026-02-30"):
        assert browser.get(f"/clients/{owing.pk}/why-not/{nonsense}").status_code == 200


@pytest.mark.usefixtures("_today")
def test_a_rule_is_silenced_and_heard_again_from_the_page(
    owing: Client, alice: Any, carol: Any, login: Any
) -> None:
    browser, row = login(alice), FollowUp.objects.get()
    url = f"/tasks/{row.pk}/silence/"
    assert browser.post(url, {"until": "2026-06-20", "key": "a"}).status_code == 422
    sent = {"until": "2026-06-20", "reason": "<b>已核对</b>", "key": "a"}
    answer = browser.post(url, sent)
    page = browser.get(answer["Location"]).content.decode()
    mute = RuleMute.objects.get()
    assert "&lt;b&gt;已核对&lt;/b&gt;" in page
    assert login(carol).post(f"/mutes/{mute.pk}/lift/").status_code == 404
    browser.post(f"/mutes/{mute.pk}/lift/")
    row.refresh_from_db()
    assert row.is_open


@pytest.mark.usefixtures("_today")
def test_what_cannot_be_silenced_says_why(alice: Any, login: Any, make_instalment: Any) -> None:
    make_instalment(due_on=TODAY - 55 * A_DAY)
    write_day(TODAY)
    row = FollowUp.objects.get(rule="grace-last-week")
    page = login(alice).get(f"/tasks/{row.pk}/silence/", headers={"accept-language": "en"})
    assert "until the premium is paid" in page.content.decode()
    sent = {"until": "2026-06-20", "reason": "x", "key": "a"}
    assert login(alice).post(f"/tasks/{row.pk}/silence/", sent).status_code == 422
    assert not RuleMute.objects.exists()


# --- the office's table, and the leader's list


def test_only_the_office_sets_the_days(admin: Any, bob: Any, login: Any) -> None:
    from followups.models import Successor

    assert login(bob).get("/outcomes/").status_code == 403
    browser = login(admin)
    page = browser.get("/outcomes/", headers={"accept-language": "en"}).content.decode()
    assert "Wrong number" in page
    days = {row.outcome: ", ".join(map(str, row.days)) for row in Successor.objects.all()}
    assert browser.post("/outcomes/", days | {"no_answer": "x"}).status_code == 422
    assert browser.post("/outcomes/", days | {"no_answer": "2，3"}).status_code == 302
    assert Successor.objects.get(outcome="no_answer").days == [2, 3]


@pytest.mark.usefixtures("_today")
def test_a_leader_closes_what_was_handed_up(
    owing: Client, alice: Any, bob: Any, carol: Any, login: Any
) -> None:
    rows = list(FollowUp.objects.open())
    record(rows, by=alice, outcome="complaint", note="<i>太慢</i>", on=TODAY)
    assert login(alice).get("/team/matters/").status_code == 403
    browser = login(bob)
    page = browser.get("/team/matters/").content.decode()
    assert "&lt;i&gt;太慢&lt;/i&gt;" in page
    (matter,) = owing.escalations.all()
    url = f"/team/matters/{matter.pk}/close/"
    assert browser.post(url, {"key": "a"}).status_code == 422
    assert login(alice).post(url, {"answer": "x"}).status_code == 403
    browser.post(url, {"answer": "已回电", "key": "a"})
    owing.refresh_from_db()
    assert owing.complaint_open_since is None
    assert "已回电" in browser.get("/team/matters/").content.decode()


def mourn(client: Client, by: Any) -> None:
    LifeEvent.record(client, "loss", on=TODAY, note="", by=by)


def refuse_every_way(client: Client, by: Any) -> None:
    for channel in Consent.Channel.values:
        Consent.take(client, channel, "refused", on=TODAY, evidence="来电", by=by)


@pytest.mark.parametrize(
    ("code", "happens", "failed", "words"),
    [
        ("policy-review", mourn, "mourning", "The family mourns"),
        ("policy-review", refuse_every_way, "consent", "The client refuses every usual way"),
    ],
)
def test_what_mourning_and_refusals_take_from_the_list_is_told(
    code: str,
    happens: Any,
    failed: str,
    words: str,
    make_client: Any,
    make_policy: Any,
    make_followup: Any,
    alice: Any,
) -> None:
    client = make_policy(make_client(birth_on=date(1980, 6, 12))).holder
    rule = BY_CODE[code]
    row = make_followup(client, rule=code, series=rule.series, item=rule.item.value)
    happens(client, alice)
    settle(TODAY)
    row.refresh_from_db()
    assert (row.status, row.reason) == ("withdrawn", failed)
    with translation.override("en"):
        assert words in str(row.get_reason_display())
