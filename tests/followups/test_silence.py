"""A rule may be silenced for one client: with a reason, until a day, and never while cover is at stake."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from followups import silence, touched
from followups.daily import write_day
from followups.models import FollowUp, RuleMute, Touched
from followups.rulebook import BY_CODE, RULEBOOK
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)
UNTIL = TODAY + 3 * A_DAY


@pytest.fixture
def owing(make_instalment: Any) -> Any:
    """A client on today's list for a premium due today."""
    client = make_instalment(due_on=TODAY).policy.holder
    write_day(TODAY)
    return client


def mute(client: Any, by: Any, **more: Any) -> RuleMute:
    usual = {"rule": "renewal-due", "until": UNTIL, "reason": "账户已核对", "on": TODAY}
    return silence.silence(client, by=by, **(usual | more))


def row() -> FollowUp:
    return FollowUp.objects.get(rule="renewal-due")


def test_what_stands_open_is_withdrawn_with_the_reason(owing: Any, alice: Any) -> None:
    mute(owing, alice)
    assert (row().status, row().reason, row().withdrawn_on) == ("withdrawn", "muted", TODAY)
    assert write_day(TODAY + A_DAY).created == {}


def test_only_that_rule_and_only_that_client(owing: Any, alice: Any, make_instalment: Any) -> None:
    other = make_instalment(due_on=TODAY + 2 * A_DAY).policy.holder
    mute(owing, alice)
    write_day(TODAY + 2 * A_DAY)
    assert FollowUp.objects.open().get().client == other
    write_day(TODAY + 10 * A_DAY)
    assert owing.followups.open().get().rule == "grace-10"


def test_it_speaks_again_after_the_last_day(make_instalment: Any, alice: Any) -> None:
    client = make_instalment(due_on=TODAY).policy.holder
    mute(client, alice)
    for n in range(4):
        write_day(TODAY + n * A_DAY)
        assert not FollowUp.objects.exists()
    for _ in range(2):  # what the first writing puts there, the second does not take away
        write_day(UNTIL + A_DAY)
        assert row().is_open


def test_its_end_is_noticed_by_looking_at_few(
    make_instalment: Any, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(touched, "_size_of_the_book", lambda: 1000)
    client = make_instalment(due_on=TODAY).policy.holder
    mute(client, alice)
    write_day(UNTIL)
    assert write_day(UNTIL + A_DAY).looked_at == 1
    assert row().is_open


def test_lifting_opens_what_was_withdrawn_for_it(owing: Any, alice: Any, bob: Any) -> None:
    standing = mute(owing, alice)
    silence.lift(standing, by=bob, on=TODAY)
    silence.lift(standing, by=alice, on=TODAY + A_DAY)
    standing.refresh_from_db()
    assert (standing.lifted_by, standing.lifted_on) == (bob, TODAY)
    assert (row().is_open, row().withdrawn_on) == (True, None)
    write_day(TODAY + A_DAY)
    assert row().is_open


def test_cover_about_to_be_lost_cannot_be_silenced(owing: Any, alice: Any) -> None:
    urgent = {rule.code for rule in RULEBOOK if not rule.mutable}
    assert urgent == {"grace-45", "grace-last-week", "grace-last-days", "promise-check"}
    for code in urgent:
        with pytest.raises(silence.Refused, match=r"保费|premium"):
            mute(owing, alice, rule=code)


@pytest.mark.parametrize("days", [-1, 400])
def test_it_has_an_end_within_a_year(owing: Any, alice: Any, days: int) -> None:
    with pytest.raises(silence.Refused):
        mute(owing, alice, until=TODAY + days * A_DAY)


def test_what_was_agreed_is_no_rule(owing: Any, alice: Any) -> None:
    with pytest.raises(silence.Refused):
        mute(owing, alice, rule=FollowUp.AGREED)


def test_silencing_again_replaces_the_earlier_one(owing: Any, alice: Any) -> None:
    mute(owing, alice)
    second = mute(owing, alice, until=TODAY + 9 * A_DAY)
    assert RuleMute.objects.standing(TODAY).get() == second
    with pytest.raises(IntegrityError):
        RuleMute.objects.create(client=owing, rule="renewal-due", until=UNTIL, reason="x", by=alice)


def test_it_is_noted_whom_it_touches(owing: Any, alice: Any) -> None:
    Touched.objects.all().delete()
    RuleMute.objects.create(client=owing, rule="birthday", until=UNTIL, reason="x", by=alice)
    assert Touched.objects.get().client_id == owing.pk
    assert BY_CODE["birthday"].mutable
