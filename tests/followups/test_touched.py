"""Looking only at those for whom anything can have changed gives the list that looking at everybody gives."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import User
from clients.models import (
    Client,
    Consent,
    Contact,
    FamilyMember,
    KeyDate,
    LifeEvent,
    Rhythm,
)
from followups import daily, touched
from followups.daily import write_day
from followups.models import FollowUp, ListRun, ServiceItem, ServicePlan, Touched
from followups.rulebook import RULEBOOK
from followups.rules import USUAL_TURNINGS, PolicyRule, Rule, Turning
from followups.work import Refused, record, undo
from policies import premiums
from policies.lifecycle import PolicyEvent, because
from policies.models import Instalment, Policy, Product
from tests.conftest import TODAY
from tests.followups.test_daily import A_DAY, the_list

every_rule = pytest.mark.parametrize("rule", RULEBOOK, ids=lambda rule: rule.code)


@pytest.fixture
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a book of six clients two would already be a third of it."""
    monkeypatch.setattr(touched, "_size_of_the_book", lambda: 1000)


def touched_clients() -> set[int]:
    return set(Touched.objects.values_list("client_id", flat=True))


# --- The notes


@pytest.fixture
def premium(make_instalment: Any) -> Instalment:
    """A premium due today, written, and nothing touched since."""
    instalment: Instalment = make_instalment(due_on=TODAY)
    write_day(TODAY)
    assert touched_clients() == set()
    return instalment


CHANGES: dict[str, Callable[[Instalment], Any]] = {
    "the client dies": lambda i: Client.objects.update(deceased=True),
    "the premium is paid": lambda i: Instalment.objects.update(paid_on=TODAY),
    "the instalment goes": lambda i: Instalment.objects.all().delete(),
    "the policy ends": lambda i: Policy.objects.update(status="surrendered"),
    "the policy goes": lambda i: i.policy.delete(),
    "the product is corrected": lambda i: Product.objects.update(kind="annuity"),
    "the work is done": lambda i: FollowUp.objects.update(priority=4),
    "the work is thrown away": lambda i: FollowUp.objects.all().delete(),
}


@pytest.mark.django_db
@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_about_a_client_is_noted(premium: Instalment, change: str) -> None:
    CHANGES[change](premium)
    assert touched_clients() == {premium.policy.holder_id}


@pytest.mark.django_db
def test_a_policy_that_changes_hands_touches_both(premium: Instalment, make_client: Any) -> None:
    before, after = premium.policy.holder, make_client()
    Touched.objects.all().delete()
    Policy.objects.update(holder=after)
    assert touched_clients() == {before.pk, after.pk}


@pytest.mark.django_db
def test_saving_what_is_there_already_touches_nobody(premium: Instalment) -> None:
    premium.save()
    premium.policy.save()
    Client.objects.update(note="")
    assert touched_clients() == set()


@pytest.mark.django_db
@pytest.mark.usefixtures("_few_are_many")
def test_what_the_lists_change_themselves_is_not_noted(premium: Instalment) -> None:
    assert write_day(TODAY + 90 * A_DAY).missed == 1
    assert touched_clients() == set()


# --- Everybody, or few


@pytest.mark.django_db
@pytest.mark.usefixtures("_few_are_many")
def test_only_the_touched_are_looked_at(premium: Instalment, make_client: Any) -> None:
    assert ListRun.objects.latest("pk").looked_at is None
    assert write_day(TODAY + A_DAY).looked_at == 0
    make_client()
    assert write_day(TODAY + 2 * A_DAY).looked_at == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("_few_are_many")
def test_everybody_is_looked_at_when_the_plan_changed(premium: Instalment) -> None:
    ServicePlan.objects.filter(item=1, client_class="maintain").update(level="no")
    run = write_day(TODAY)
    assert (run.looked_at, run.withdrawn) == (None, 1)


@pytest.mark.django_db
@pytest.mark.usefixtures("_few_are_many")
def test_everybody_is_looked_at_when_a_rule_changed(
    premium: Instalment, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = [replace(rule, keep=rule.keep + 1) for rule in RULEBOOK]
    monkeypatch.setattr(daily, "RULEBOOK", longer)
    assert write_day(TODAY).looked_at is None


@pytest.mark.django_db
@pytest.mark.usefixtures("_few_are_many")
def test_everybody_is_looked_at_when_an_earlier_day_is_written(premium: Instalment) -> None:
    assert write_day(TODAY - A_DAY).looked_at is None


@pytest.mark.django_db
def test_everybody_is_looked_at_when_much_of_the_book_changed(premium: Instalment) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE clients_client")
    Client.objects.update(note="called")
    assert write_day(TODAY).looked_at is None


# --- What the rules must declare


def asked_by(rule: Rule, day: date) -> tuple[str, tuple[Any, ...]]:
    return rule.wanted(day).query.sql_with_params()


@pytest.mark.django_db
@every_rule
def test_every_date_it_compares_with_the_day_is_declared_as_turning(rule: Rule) -> None:
    """Else nobody would notice when it comes: name it in `turning`."""
    sql, today = asked_by(rule, TODAY)
    _, tomorrow = asked_by(rule, TODAY + A_DAY)
    before_each = sql.split("%s")
    for text, one, other in zip(before_each, today, tomorrow, strict=False):
        if one != other:
            compared = re.search(r'"(\w+)" (?:<|<=|=|>=|>) $', text)
            assert compared, f"what does {rule.code} ask about the day? {text[-60:]}"
            assert compared[1] in {turning.on for turning in rule.turning}


@pytest.mark.django_db
@every_rule
def test_every_table_it_reads_is_watched(rule: Rule) -> None:
    """Else nobody would notice a change: give the table its triggers, as in followups/0003."""
    tables = set(re.findall(r'(?:FROM|JOIN) "(\w+)"', asked_by(rule, TODAY)[0]))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'touch_on_update'"
        )
        watched = {name for (name,) in cursor.fetchall()}
    # The plan is part of the basis; an event is written together with what it is about.
    assert tables <= watched | {"followups_serviceplan", "policies_policyevent"}


# --- The same list, whatever happens in between


@dataclass
class Office:
    """A small book and what may happen to it; the number chooses whom."""

    agent: User
    day: date
    make_client: Callable[..., Client]
    make_policy: Callable[..., Policy]
    make_instalment: Callable[..., Instalment]

    def add(self, since: int, mode: str, premium: int, grace: int, kind: str, turns: int) -> None:
        client = self.make_client(birth_on=date(1980, 1, 1))
        Client.objects.filter(pk=client.pk).update(next_birthday_on=self.day + turns * A_DAY)
        policy = self.make_policy(
            client,
            premium_mode=mode,
            premium=premium,
            kind=kind,
            cover_years=1,
            issued_on=self.day + (turns - 3) * A_DAY,
            receipt_signed_on=None,
            matures_on=self.day + 3 * turns * A_DAY,
            covers_until=self.day + 4 * turns * A_DAY,
        )
        due_on = self.day - since * A_DAY
        self.make_instalment(policy, due_on=due_on, grace_ends_on=due_on + grace * A_DAY)

    def client(self, n: int) -> Any:
        return self._one(Client, n)

    def policy(self, n: int) -> Any:
        return self._one(Policy, n)

    def _one(self, model: Any, n: int) -> Any:
        keys = list(model.objects.order_by("pk").values_list("pk", flat=True))
        return model.objects.filter(pk=keys[n % len(keys)]) if keys else model.objects.none()

    def new(self, n: int) -> None:
        self.add(n, "yearly", 60000, 60, "medical", n % 12)

    def pay(self, n: int) -> None:
        for owed in self._one(Instalment, n):
            premiums.record_payment(owed, on=self.day, by=self.agent)

    def take_payment_back(self, n: int) -> None:
        self._one(Instalment, n).update(paid_on=None)

    def move_due_date(self, n: int) -> None:
        for policy in self.policy(n):
            policy.next_due_on = self.day + (n - 40) * A_DAY
            premiums.schedule(policy)

    def die(self, n: int) -> None:
        self.client(n).update(deceased=True)

    def leave_in_peace(self, n: int) -> None:
        self.client(n).update(do_not_contact=n % 2 == 0)

    def classify(self, n: int) -> None:
        self.client(n).update(client_class=["develop", "nurture", ""][n % 3])

    def hand_over(self, n: int) -> None:
        self.client(n).update(agent=None)

    def change_holder(self, n: int) -> None:
        for client in self.client(n + 1):
            self.policy(n).update(holder=client)

    def change_status(self, n: int) -> None:
        self.policy(n).update(status=["surrendered", "lapsed", "in_force"][n % 3])

    def change_terms(self, n: int) -> None:
        self.policy(n).update(
            premium=[500, 60000][n % 2], premium_mode=["monthly", "yearly"][n // 2 % 2]
        )

    def sign_receipt(self, n: int) -> None:
        self.policy(n).update(receipt_signed_on=self.day)

    def drop_policy(self, n: int) -> None:
        for policy in self.policy(n):
            policy.delete()

    def drop_instalment(self, n: int) -> None:
        self._one(Instalment, n).delete()

    def drop_work(self, n: int) -> None:
        self._one(FollowUp, n).delete()

    def correct_product(self, n: int) -> None:
        self._one(Product, n).update(kind=["annuity", "medical", "term"][n % 3])

    def change_plan(self, n: int) -> None:
        self._one(ServicePlan, n).update(level=["no", "must", "event"][n % 3])

    def work(self, n: int) -> None:
        outcome = ["done", "no_answer", "asked_later", "will_pay"][n % 4]
        for row in self._one(FollowUp, n).filter(status="open"):
            ends = row.instalment.grace_ends_on if row.instalment else self.day + 5 * A_DAY
            if ends >= self.day:
                until = min(ends, self.day + n % 5 * A_DAY)
                record([row], by=self.agent, outcome=outcome, on=self.day, until=until)

    def speak(self, n: int) -> None:
        for client in self.client(n):
            on = self.day - (n % 40) * A_DAY
            Contact.objects.create(client=client, by=self.agent, on=on, reviewed=n % 3 == 0)

    def forget_contact(self, n: int) -> None:
        self._one(Contact, n).delete()

    def know_for_long(self, n: int) -> None:
        created_at = datetime(2020, 1, 1, tzinfo=UTC)
        self.client(n).update(created_at=created_at, client_class="develop")

    def refuse(self, n: int) -> None:
        for client in self.client(n):
            for channel in Consent.Channel.values[: n % 4]:
                said = {"state": "refused", "on": self.day, "evidence": "said", "by": self.agent}
                Consent.objects.update_or_create(client=client, channel=channel, defaults=said)

    def allow(self, n: int) -> None:
        self._one(Consent, n).delete()

    def change_rhythm(self, n: int) -> None:
        rhythm = Rhythm.current()
        rhythm.develop_days, rhythm.per_week = 20 + n % 3, 1 + n % 2
        rhythm.save()

    def happen(self, n: int) -> None:
        """A birth, a wedding, a death in the family."""
        kinds = LifeEvent.Kind
        kind = [kinds.BIRTH, kinds.MARRIAGE, kinds.BEREAVEMENT, kinds.MOVE][n % 4]
        for client in self.client(n // 4):
            LifeEvent.record(client, kind, on=self.day - (n % 7) * A_DAY, note="", by=self.agent)

    def take_event_back(self, n: int) -> None:
        for event in self._one(LifeEvent, n):
            event.take_back(by=self.agent)

    def bring_family(self, n: int) -> None:
        for client in self.client(n):
            born = self.day.replace(year=2008 + n % 2) + (n % 9) * A_DAY
            said = {"kin": "child", "year": born.year, "month": born.month, "day": born.day}
            FamilyMember.objects.update_or_create(client=client, name="乐乐", defaults=said)

    def lose_family(self, n: int) -> None:
        self._one(FamilyMember, n).delete()

    def keep_a_date(self, n: int) -> None:
        on, kind = self.day + (n % 9) * A_DAY, ["wedding", "career"][n % 2]
        for client in self.client(n // 2):
            said = {"month": on.month, "day": on.day}
            KeyDate.objects.update_or_create(client=client, kind=kind, defaults=said)

    def forget_a_date(self, n: int) -> None:
        self._one(KeyDate, n).delete()

    def look_at_papers(self, n: int) -> None:
        told = ["id_valid_to", "verified_on", "contact_invalid_on"][n % 3]
        self.client(n // 3).update(**{told: self.day + (n % 60 - 20) * A_DAY})

    def undo_work(self, n: int) -> None:
        for contact in self._one(Contact, n).filter(undone_at=None):
            steps = FollowUp.objects.filter(after__contact=contact, status="done")
            if not steps.exists():
                undo(contact, by=self.agent)


EVENTS = [
    name
    for name in vars(Office)
    if not name.startswith("_") and name not in {"add", "client", "policy"}
]

policies = st.tuples(
    st.integers(-95, 70),
    st.sampled_from(["yearly", "monthly"]),
    st.sampled_from([6820, 60000]),
    st.sampled_from([30, 60]),
    st.sampled_from(["annuity", "medical", "term"]),
    st.integers(-1, 9),
)
events = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 90)), max_size=4)
histories = given(
    book=st.lists(policies, min_size=1, max_size=5),
    writings=st.lists(st.tuples(events, st.integers(0, 5)), min_size=1, max_size=5),
)


@pytest.fixture
def lists_agree(
    alice: Any, make_client: Any, make_policy: Any, make_instalment: Any
) -> Callable[..., set[str]]:
    """Live through a history, write each list both ways and assert that they are the same.

    Returns the rules by which anything came on a list.
    """

    def live(book: list[Any], writings: list[Any]) -> set[str]:
        with transaction.atomic():
            with because(PolicyEvent.Source.FILE):  # which may move a policy in any direction
                _live(
                    Office(alice, TODAY, make_client, make_policy, make_instalment), book, writings
                )
            rules = set(FollowUp.objects.values_list("rule", flat=True))
            transaction.set_rollback(True)
        return rules

    return live


def _live(office: Office, book: list[Any], writings: list[Any]) -> None:
    for policy in book:
        office.add(*policy)
    write_day(office.day)
    for happened, days in writings:
        for event, n in happened:
            with suppress(premiums.Refused, Refused), transaction.atomic():
                getattr(office, event)(n)
        office.day += days * A_DAY
        before = transaction.savepoint()
        everybody = written(office.day, whole=True)
        transaction.savepoint_rollback(before)
        assert written(office.day) == everybody


def written(day: date, *, whole: bool = False) -> tuple[Any, ...]:
    basis = ListRun.objects.latest("pk").basis
    if whole:
        ListRun.objects.update(basis="")
    run = write_day(day)
    assert (run.looked_at is None) == (whole or run.basis != basis)
    return the_list(), run.created, run.withdrawn, run.missed, run.superseded


def quickly(examples: int) -> Any:
    return settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


@pytest.mark.django_db
@pytest.mark.usefixtures("_few_are_many")
@quickly(12)
@histories
def test_looking_at_few_equals_looking_at_everybody(
    lists_agree: Any, book: Any, writings: Any
) -> None:
    lists_agree(book, writings)


def settled_in(day: date) -> Any:
    """A population with a date of its own: in force, and issued three days ago or earlier."""
    return Policy.objects.in_force(day).filter(issued_on__lte=day - 3 * A_DAY)


SETTLED_IN = PolicyRule(
    code="settled-in",
    label="Settled in",
    among=settled_in,
    on="issued_on",
    day=0,
    keep=9,
    series="",
    item=ServiceItem.PAID_NOTICE,
    priority=3,
    turning=(*USUAL_TURNINGS, Turning(Policy.objects.all, "issued_on", "holder_id", days=3)),
)
ONE_A_DAY = {"book": [(0, "yearly", 6820, 60, "term", 3)], "writings": [([], 1)] * 5}


@pytest.mark.django_db
@pytest.mark.usefixtures("_few_are_many")
def test_a_rule_with_a_date_of_its_own_is_looked_at_when_that_comes(
    lists_agree: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily, "RULEBOOK", [SETTLED_IN])
    assert lists_agree(**ONE_A_DAY) == {"settled-in"}


@pytest.mark.django_db
@pytest.mark.usefixtures("_few_are_many")
def test_a_date_that_is_not_declared_is_found_by_living_through_it(
    lists_agree: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten = replace(SETTLED_IN, turning=USUAL_TURNINGS)
    monkeypatch.setattr(daily, "RULEBOOK", [forgotten])

    @quickly(60)
    @histories
    def live(book: Any, writings: Any) -> None:
        lists_agree(book, writings)

    with pytest.raises(AssertionError, match="settled-in"):
        live()
    with pytest.raises(AssertionError):
        test_every_date_it_compares_with_the_day_is_declared_as_turning(forgotten)
