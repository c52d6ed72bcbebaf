"""The battery every rule gets for nothing: whoever adds a rule adds a row to SUBJECTS, and no test."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import LifeEvent
from followups import ahead
from followups.daily import settle, write_day, write_rule
from followups.models import FollowUp, Planned, ServiceItem, ServicePlan
from followups.rulebook import BY_CODE, RULEBOOK
from followups.rules import PlannedRule, Rule
from lib.dates import add_years
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
LARGE = Decimal("60000.00")
AFTER_DUE = {"grace_ends_on": 60, "lapses_on": 61}


@pytest.fixture
def subject(
    make_client: Callable[..., Any],
    make_policy: Callable[..., Any],
    make_instalment: Callable[..., Any],
) -> Callable[[Rule, date], Any]:
    """Make what the rule waits for, with its occasion on the given day."""

    def make(rule: Rule, occasion: date) -> Any:
        if rule.code in OF_PREMIUMS | OF_PEOPLE:
            tools = {"client": make_client, "policy": make_policy, "premium": make_instalment}
            return _peculiar(rule.code, tools, occasion)
        if isinstance(rule, PlannedRule):
            return _put_down(make_client(), rule, occasion)
        if rule.on == "due_on":
            return make_instalment(make_policy(premium=LARGE), due_on=occasion).policy.holder
        if rule.on in AFTER_DUE:
            due_on = occasion - timedelta(days=AFTER_DUE[rule.on])
            return make_instalment(due_on=due_on).policy.holder
        if rule.on == "reinstate_by":
            policy = make_instalment(due_on=TODAY - timedelta(days=300)).policy
            type(policy).objects.filter(pk=policy.pk).update(reinstate_by=occasion)
            return policy.holder
        if rule.on == "next_birthday_on":
            client = make_client(birth_on=date(1980, 1, 1))
            type(client).objects.filter(pk=client.pk).update(next_birthday_on=occasion)
            return make_policy(client, premium=LARGE).holder
        if rule.on == "matures_on":
            return make_policy(kind="annuity", matures_on=occasion).holder
        if rule.on == "covers_until":
            return make_policy(kind="medical", cover_years=1, covers_until=occasion).holder
        assert rule.on == "issued_on", f"say here how {rule.code} comes about"
        return make_policy(issued_on=occasion, receipt_signed_on=None).holder

    return make


def _peculiar(code: str, make: dict[str, Any], occasion: date) -> Any:
    if code in OF_PEOPLE:
        return OF_PEOPLE[code](make["client"], make["policy"], occasion)
    return OF_PREMIUMS[code](make["policy"], make["premium"], occasion)


def _around(model: str, **facts: Any) -> Callable[[Any, Any, date], Any]:
    """A holder of the top tier, and a date about somebody or something around them."""

    def make(make_client: Any, make_policy: Any, on: date) -> Any:
        policy = make_policy(make_client(tier="key", client_class="nurture"), insured_name="乐乐")
        rows = apps.get_model("clients", model).objects
        when, fields = facts["on"], {name: of for name, of in facts.items() if name != "on"}
        made = rows.create(client=policy.holder, **{"month": 1, "day": 1} | fields)
        rows.filter(pk=made.pk).update(**{when: on})
        return policy.holder

    return make


def _event(make_client: Any, make_policy: Any, on: date) -> Any:
    client = make_policy().holder
    LifeEvent.objects.create(client=client, kind="birth", on=on, by=client.agent)
    return client


def _dated(field: str, **facts: Any) -> Callable[[Any, Any, date], Any]:
    def make(make_client: Any, make_policy: Any, on: date) -> Any:
        value = add_years(on, -60) if field == "birth_on" else on
        client = make_client(client_class="nurture", **{field: value})
        return make_policy(client, **facts).holder

    return make


OF_PEOPLE: dict[str, Callable[[Any, Any, date], Any]] = {
    "wedding-soon": _around("keydate", kind="wedding", on="next_on"),
    "wedding": _around("keydate", kind="wedding", on="next_on"),
    "career-day": _around("keydate", kind="career", on="next_on"),
    "family-birthday": _around("familymember", kin="child", on="next_on"),
    "age-18": _around("familymember", kin="child", name="乐乐", on="of_age_on"),
    "life-event": _event,
    "id-expires-60": _dated("id_valid_to"),
    "id-expires-7": _dated("id_valid_to"),
    "age-60": _dated("birth_on", kind="annuity"),
    "handover-call": _dated("handed_over_on"),
    "handover-visit": _dated("handed_over_on"),
    "contact-stale": _dated("verified_on"),
    "contact-invalid": _dated("contact_invalid_on"),
}


def _put_down(client: Any, rule: Rule, on: date) -> Any:
    own = rule.item == ServiceItem.OWN
    ServicePlan.objects.filter(item=rule.item).update(level="may")
    Planned.objects.create(
        client=client,
        item=rule.item,
        words="送台历" if own else "",
        first_on=on,
        on=on,
        by=client.agent,
    )
    return client


def _with_account(make_policy: Any, make_instalment: Any, on: date) -> Any:
    return make_instalment(make_policy(account="6222000011112222"), due_on=on).policy.holder


def _without_authorisation(make_policy: Any, make_instalment: Any, on: date) -> Any:
    return make_instalment(make_policy(authorisation="missing"), due_on=on).policy.holder


def _of_the_last_year(make_policy: Any, due_on: date) -> Any:
    return make_policy(effective_on=add_years(due_on, -9), pay_years=10)


def _last(make_policy: Any, make_instalment: Any, on: date) -> Any:
    return make_instalment(_of_the_last_year(make_policy, on), due_on=on).policy.holder


def _last_paid(make_policy: Any, make_instalment: Any, on: date) -> Any:
    due_on = on - timedelta(days=20)
    made = make_instalment(_of_the_last_year(make_policy, due_on), due_on=due_on, paid_on=on)
    return made.policy.holder


def _paid_by_hand(make_policy: Any, make_instalment: Any, on: date) -> Any:
    made = make_instalment(make_policy(), due_on=on)
    made.paid_on = on
    made.save()
    type(made.policy).objects.filter(pk=made.policy_id).update(lapses_on=None, next_due_on=None)
    return made.policy.holder


def _owing(**said: Callable[[date], Any]) -> Callable[[Any, Any, date], Any]:
    """A premium that fell due a fortnight before, with what was said or reported about it."""

    def make(make_policy: Any, make_instalment: Any, on: date) -> Any:
        fields = {name: value(on) for name, value in said.items()}
        return make_instalment(due_on=on - timedelta(days=14), **fields).policy.holder

    return make


def _bereaved(make_policy: Any, make_instalment: Any, on: date) -> Any:
    client = make_policy().holder
    type(client).objects.filter(pk=client.pk).update(deceased=True, deceased_on=on)
    return client


def _to_develop(make_policy: Any, make_instalment: Any, on: date) -> Any:
    client = make_policy().holder
    type(client).objects.filter(pk=client.pk).update(client_class="develop", class_since=on)
    return client


def same_day(on: date) -> date:
    return on


def _known_client(make_policy: Any, **fields: Any) -> Any:
    """A client to nurture whom we know for long, with a policy."""
    client = make_policy().holder
    known = {"client_class": "nurture", "created_at": datetime(2020, 1, 1, tzinfo=UTC)}
    type(client).objects.filter(pk=client.pk).update(**(known | fields))
    return client


def _silent(days: int) -> Callable[[Any, Any, date], Any]:
    def make(make_policy: Any, make_instalment: Any, on: date) -> Any:
        """Last spoken to so many days before, which is when the rhythm asks again."""
        heard_on = on - timedelta(days=days)
        return _known_client(make_policy, last_contact_on=heard_on, contact_by=on)

    return make


def _reviewed(make_policy: Any, make_instalment: Any, on: date) -> Any:
    return _known_client(make_policy, last_review_on=on)


def _anniversary(make_policy: Any, make_instalment: Any, on: date) -> Any:
    client = _known_client(make_policy, anniversary_on=on)
    client.policies.update(effective_on=add_years(on, -3))
    return client


def _new_policy(make_policy: Any, make_instalment: Any, on: date) -> Any:
    client = _known_client(make_policy)
    client.policies.update(effective_on=on)
    return client


OF_PREMIUMS: dict[str, Callable[[Any, Any, date], Any]] = {
    "cadence": _silent(60),
    "half-asleep": _silent(0),
    "dormant": _silent(0),
    "policy-review": _reviewed,
    "anniversary-review": _anniversary,
    "new-policy-month": _new_policy,
    "new-policy-quarter": _new_policy,
    "renewal-week": _with_account,
    "authorisation-missing": _without_authorisation,
    "last-premium": _last,
    "paying-completed": _last_paid,
    "success-notice": _paid_by_hand,
    "promise-check": _owing(promised_on=same_day, rests_until=same_day),
    "claim-check": _owing(said_paid_on=lambda on: on - timedelta(days=5), rests_until=same_day),
    "bank-failed": _owing(failed_on=same_day, failure=lambda on: "insufficient"),
    "condolence": _bereaved,
    "payout-to-family": _bereaved,
    "moved-to-develop": _to_develop,
    "premium-loan": _owing(closed_on=same_day, closed_as=lambda on: "loan"),
}


def occasion_for(rule: Rule, list_on: date) -> date:
    return list_on - timedelta(days=rule.day)


def each(rules: list[Rule]) -> Any:
    return pytest.mark.parametrize("rule", rules, ids=lambda rule: rule.code)


every_rule = each(RULEBOOK)
rule_of_policies = each([rule for rule in RULEBOOK if not isinstance(rule, PlannedRule)])
rule_of_the_plan = each([rule for rule in RULEBOOK if rule.item != ServiceItem.OWN])


@every_rule
def test_it_finds_its_client_once_however_often_the_day_is_written(
    rule: Rule, subject: Any
) -> None:
    client = subject(rule, occasion_for(rule, TODAY))
    for _ in range(3):
        write_day(TODAY)
    found = FollowUp.objects.get(rule=rule.code)
    assert (found.client_id, found.status) == (client.pk, "open")
    assert (found.occasion_on, found.list_on) == (occasion_for(rule, TODAY), TODAY)
    assert found.keep_until == TODAY + timedelta(days=rule.keep)


@every_rule
def test_it_is_silent_a_day_early_and_once_the_work_is_no_longer_worth_doing(
    rule: Rule, subject: Any
) -> None:
    subject(rule, occasion_for(rule, TODAY))
    assert write_rule(rule, TODAY - timedelta(days=1)) == 0
    assert write_rule(rule, TODAY + timedelta(days=rule.keep + 1)) == 0
    assert write_rule(rule, TODAY + timedelta(days=rule.keep)) in {0, 1}  # 0: lapsed meanwhile


@rule_of_the_plan
def test_it_is_silent_where_the_service_plan_is(rule: Rule, subject: Any) -> None:
    subject(rule, occasion_for(rule, TODAY))
    ServicePlan.objects.filter(item=rule.item).update(level="no")
    assert write_rule(rule, TODAY) == 0


@every_rule
@pytest.mark.parametrize("wish", ["deceased", "do_not_contact"])
def test_it_leaves_the_dead_and_those_who_asked_for_it_in_peace(
    rule: Rule, wish: str, subject: Any
) -> None:
    client = subject(rule, occasion_for(rule, TODAY))
    write_rule(rule, TODAY)
    # What a family is served with after a death ends when the client turns out to be alive.
    of_family = rule.series in FollowUp.OF_THE_FAMILY
    change = {"deceased": not of_family} if wish == "deceased" else {wish: True}
    type(client).objects.filter(pk=client.pk).update(**change)
    settle(TODAY)
    left = FollowUp.objects.get(rule=rule.code)
    reasons = {"deceased": "changed" if of_family else "deceased", "do_not_contact": "no_contact"}
    assert (left.status, left.reason) == ("withdrawn", reasons[wish])
    FollowUp.objects.all().delete()
    assert write_rule(rule, TODAY) == 0


@rule_of_policies
def test_a_policy_that_ended_withdraws_its_work(rule: Rule, subject: Any) -> None:
    client = subject(rule, occasion_for(rule, TODAY))
    write_rule(rule, TODAY)
    client.policies.update(status="surrendered")
    settle(TODAY)
    left = FollowUp.objects.get(rule=rule.code)
    assert left.status == "withdrawn"
    assert left.reason == ("changed" if left.policy_id is None else "ended")


@every_rule
def test_a_day_costs_one_statement_per_rule(rule: Rule, subject: Any) -> None:
    for _ in range(5):
        subject(rule, occasion_for(rule, TODAY))
    with CaptureQueriesContext(connection) as queries:
        assert write_rule(rule, TODAY) == 5
    assert len(queries) == 1


@every_rule
def test_what_is_coming_is_what_the_rule_itself_would_write(rule: Rule, subject: Any) -> None:
    """On the first and the last day looked at, and a day beyond; asked alone, whether a date arrives or not."""
    client = subject(rule, occasion_for(rule, TODAY))
    for eve in (TODAY - timedelta(days=n) for n in (1, ahead.DAYS, ahead.DAYS + 1)):
        first, last = eve + timedelta(days=1), eve + timedelta(days=ahead.DAYS)
        alone = rule.yet_to_write(first, last, as_of=eve).filter(**{rule.client: client.pk})
        coming = [row for row in ahead.coming([client.pk], eve) if row.rule == rule.code]
        assert [tuple(getattr(row, name) for name in FollowUp.WRITTEN) for row in coming] == list(
            alone
        )


@every_rule
def test_it_waits_on_an_indexed_date(rule: Rule) -> None:
    model = rule.among(TODAY).model
    indexed = {index.fields[0].lstrip("-") for index in model._meta.indexes if index.fields}
    assert rule.on in indexed


@every_rule
def test_what_is_settled_stays_settled(rule: Rule, subject: Any) -> None:
    subject(rule, occasion_for(rule, TODAY))
    write_rule(rule, TODAY)
    FollowUp.objects.update(status="withdrawn", reason="changed")
    assert write_rule(rule, TODAY) == 0


def test_who_leaves_the_clients_to_develop_is_withdrawn(subject: Any) -> None:
    rule = BY_CODE["moved-to-develop"]
    client = subject(rule, occasion_for(rule, TODAY))
    write_rule(rule, TODAY)
    type(client).objects.filter(pk=client.pk).update(client_class="nurture", class_since=TODAY)
    settle(TODAY)
    left = FollowUp.objects.get(rule=rule.code)
    assert (left.status, left.reason) == ("withdrawn", "changed")


@pytest.mark.parametrize("wish", [{"do_not_sell": True}, {"complaint_open_since": TODAY}])
def test_who_wants_no_sales_talk_is_not_developed(wish: dict[str, Any], subject: Any) -> None:
    rule = BY_CODE["moved-to-develop"]
    client = subject(rule, occasion_for(rule, TODAY))
    type(client).objects.filter(pk=client.pk).update(**wish)
    assert write_rule(rule, TODAY) == 0


def test_codes_are_unique_and_every_rule_has_a_name() -> None:
    assert len({rule.code for rule in RULEBOOK}) == len(RULEBOOK)
    assert all(str(rule.label) for rule in RULEBOOK)
