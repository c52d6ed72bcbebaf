"""Rules about people: weddings, families, professions, events, papers, ages, contact data."""

from datetime import date, timedelta
from typing import Any

import pytest

from clients.card import InfoCard
from clients.models import Client, FamilyMember, KeyDate, LifeEvent
from followups import agenda, chips, scripts
from followups.daily import settle, write_day, write_rule
from followups.models import FollowUp
from followups.rulebook import BY_CODE
from lib.dates import add_years
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


@pytest.fixture
def holder(make_policy: Any, make_client: Any) -> Client:
    policy = make_policy(make_client(tier="key"), insured_name="乐乐", relation="女儿")
    found: Client = policy.holder
    return found


def wedding_on(client: Client, day: date) -> KeyDate:
    kept = KeyDate.objects.create(client=client, kind="wedding", month=day.month, day=day.day)
    KeyDate.objects.filter(pk=kept.pk).update(next_on=day)
    return kept


def codes() -> set[str]:
    return set(FollowUp.objects.open().values_list("rule", flat=True))


@pytest.mark.parametrize(
    ("client", "prepared"),
    [
        ({"tier": "key"}, True),
        ({"tier": "important"}, True),
        ({"tier": "", "client_class": "develop"}, True),
        ({"tier": "", "client_class": "nurture"}, False),
    ],
)
def test_a_wedding_is_prepared_for_the_best_and_greeted_for_all(
    holder: Client, client: dict[str, str], prepared: bool
) -> None:
    Client.objects.update(**client)
    wedding_on(holder, TODAY + 3 * A_DAY)
    assert write_rule(BY_CODE["wedding-soon"], TODAY) == prepared
    assert write_rule(BY_CODE["wedding"], TODAY + 3 * A_DAY) == 1


def test_on_the_day_only_the_greeting_stands(holder: Client) -> None:
    wedding_on(holder, TODAY)
    for back in (3, 0):
        write_day(TODAY - back * A_DAY)
    assert codes() == {"wedding"}
    assert FollowUp.objects.get(rule="wedding-soon").status in {"superseded", "missed"}


@pytest.mark.parametrize("marital", ["divorced", "widowed"])
def test_who_is_no_longer_married_is_not_congratulated(holder: Client, marital: str) -> None:
    wedding_on(holder, TODAY)
    write_rule(BY_CODE["wedding"], TODAY)
    InfoCard.objects.create(client=holder, marital=marital)
    settle(TODAY)
    assert codes() == set()


@pytest.mark.parametrize(("tier", "n"), [("key", 1), ("important", 1), ("", 0)])
def test_families_and_professions_are_for_the_top(holder: Client, tier: str, n: int) -> None:
    Client.objects.update(tier=tier)
    child = FamilyMember.objects.create(client=holder, kin="child", name="乐乐", month=1, day=1)
    FamilyMember.objects.filter(pk=child.pk).update(next_on=TODAY)
    kept = KeyDate.objects.create(client=holder, kind="career", month=1, day=1)
    KeyDate.objects.filter(pk=kept.pk).update(next_on=TODAY)
    assert write_rule(BY_CODE["family-birthday"], TODAY) == n
    assert write_rule(BY_CODE["career-day"], TODAY) == n


def test_twins_are_one_greeting_that_names_both(holder: Client, alice: Any) -> None:
    for name in ("乐乐", "欢欢"):
        FamilyMember.objects.create(
            client=holder, kin="child", gender="f", name=name, month=6, day=12
        )
    FamilyMember.objects.update(next_on=TODAY)
    assert write_rule(BY_CODE["family-birthday"], TODAY) == 1
    followup = FollowUp.objects.get()
    chip = chips.of(followup, TODAY)[0].text
    assert "乐乐" in chip and "欢欢" in chip
    assert "您的女儿 乐乐和女儿 欢欢" in scripts.text_for(followup, alice, TODAY)


def test_who_is_a_client_as_well_is_greeted_once(holder: Client, make_policy: Any) -> None:
    wife = make_policy().holder
    Client.objects.filter(pk=wife.pk).update(next_birthday_on=TODAY)
    FamilyMember.objects.create(client=holder, kin="spouse", person=wife, month=1, day=1)
    FamilyMember.objects.update(next_on=TODAY)
    write_day(TODAY)
    assert list(FollowUp.objects.filter(series__in=["birthday", "family"]).values_list("rule")) == [
        ("birthday",)
    ]


@pytest.mark.parametrize("kind", LifeEvent.Kind.values)
def test_every_event_has_words_of_its_own(holder: Client, alice: Any, kind: str, rf: Any) -> None:
    LifeEvent.record(holder, kind, on=TODAY, note="", by=alice)
    write_rule(BY_CODE["life-event"], TODAY)
    followup = FollowUp.objects.get()
    label = str(LifeEvent.Kind(kind).label)
    assert label in chips.of(followup, TODAY)[0].text
    texts = {key: str(text) for key, text in scripts.TEXTS.items() if key.startswith("life-")}
    assert len(set(texts.values())) == len(LifeEvent.Kind)
    said = scripts.text_for(followup, alice, TODAY)
    assert said and "{" not in said
    assert agenda.kind_of(followup) is agenda.CARE


def test_an_event_heard_of_late_is_still_cared_for_within_a_week(
    holder: Client, alice: Any
) -> None:
    LifeEvent.record(holder, "birth", on=TODAY - 8 * A_DAY, note="", by=alice)
    assert write_rule(BY_CODE["life-event"], TODAY) == 0
    LifeEvent.record(holder, "birth", on=TODAY - 7 * A_DAY, note="", by=alice)
    assert write_rule(BY_CODE["life-event"], TODAY) == 1


def test_in_mourning_nothing_is_sold_and_nothing_celebrated(holder: Client, alice: Any) -> None:
    Client.objects.update(client_class="nurture")
    wedding_on(holder, TODAY)
    child = FamilyMember.objects.create(client=holder, kin="child", name="乐乐", month=1, day=1)
    FamilyMember.objects.filter(pk=child.pk).update(of_age_on=TODAY + 60 * A_DAY)
    write_day(TODAY)
    assert codes() == {"wedding", "age-18"}
    loss = LifeEvent.record(holder, "loss", on=TODAY, note="", by=alice)
    write_day(TODAY)
    assert codes() == {"life-event"}
    holder.refresh_from_db()
    assert holder.no_sales_until is not None
    ends = holder.no_sales_until
    assert ends == TODAY + 90 * A_DAY
    FamilyMember.objects.filter(pk=child.pk).update(of_age_on=ends + 50 * A_DAY)
    assert write_rule(BY_CODE["age-18"], ends) == 0
    assert write_rule(BY_CODE["age-18"], ends + A_DAY) == 1
    loss.take_back(by=alice)
    assert Client.objects.get(pk=holder.pk).no_sales_until is None


def test_a_new_id_withdraws_the_reminder(holder: Client) -> None:
    Client.objects.update(id_valid_to=TODAY + 60 * A_DAY)
    write_rule(BY_CODE["id-expires-60"], TODAY)
    assert codes() == {"id-expires-60"}
    Client.objects.update(id_valid_to=TODAY + 3000 * A_DAY)
    settle(TODAY)
    assert codes() == set()


@pytest.mark.parametrize(
    ("days", "words"), [(60, "还有 60 天到期"), (7, "还有 7 天到期"), (-3, "已过期 3 天")]
)
def test_the_chip_counts_the_days_of_an_id(
    holder: Client, make_followup: Any, days: int, words: str
) -> None:
    row = make_followup(
        holder, rule="id-expires-7", series="identity", occasion_on=TODAY + days * A_DAY
    )
    assert words in chips.of(row, TODAY)[0].text


def test_only_an_insured_child_and_a_pensioner_reach_an_age(
    holder: Client, make_policy: Any
) -> None:
    Client.objects.update(client_class="nurture", birth_on=add_years(TODAY + 60 * A_DAY, -60))
    for name in ("乐乐", "没有保单"):
        FamilyMember.objects.create(client=holder, kin="child", name=name)
    FamilyMember.objects.update(of_age_on=TODAY + 60 * A_DAY)
    assert write_rule(BY_CODE["age-18"], TODAY) == 1
    assert write_rule(BY_CODE["age-60"], TODAY) == 0
    make_policy(holder, kind="annuity")
    assert write_rule(BY_CODE["age-60"], TODAY) == 1


def test_contact_data_are_asked_for_once_a_year_and_when_found_wrong(holder: Client) -> None:
    Client.objects.update(verified_on=TODAY - 365 * A_DAY)
    write_day(TODAY)
    assert codes() == {"contact-stale"}
    holder.refresh_from_db()
    holder.find_contact_wrong(TODAY)
    write_day(TODAY)
    assert "contact-invalid" in codes()
    holder.verify_contact(TODAY)
    write_day(TODAY)
    assert codes() == set()
