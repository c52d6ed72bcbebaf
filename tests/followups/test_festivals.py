"""When each festival falls, and whom it is about: against known days and against people asked one by one."""

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
import sxtwl
from django.core.exceptions import ValidationError

from clients.models import Client, FamilyMember, InfoCard
from followups.festivals import CHILD_WORDS, Festival, coming, next_for_all
from followups.greetings import greeted
from followups.models import ServicePlan
from lib import dates, lunar
from policies.models import Policy

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)
YEARS = range(2024, 2036)
CHUXI = "0209 0128 0216 0205 0125 0212 0202 0122 0210 0130 0218 0207"
KNOWN = {  # month and day, from 2024 to 2035
    "mother": "0512 0511 0510 0509 0514 0513 0512 0511 0509 0508 0514 0513",
    "father": "0616 0615 0621 0620 0618 0617 0616 0615 0620 0619 0618 0617",
    "qingming": "0404 0404 0405 0405 0404 0404 0405 0405 0404 0404 0405 0405",
    "spring": "0210 0129 0217 0206 0126 0213 0203 0123 0211 0131 0219 0208",
    "eve": CHUXI,
    "lantern": "0224 0212 0303 0220 0209 0227 0217 0206 0225 0214 0305 0222",
    "dragon-boat": "0610 0531 0619 0609 0528 0616 0605 0624 0612 0601 0620 0610",
    "qixi": "0810 0829 0819 0808 0826 0816 0805 0824 0812 0801 0820 0810",
    "mid-autumn": "0917 1006 0925 0915 1003 0922 0912 1001 0919 0908 0927 0916",
    "double-ninth": "1011 1029 1018 1008 1026 1016 1005 1024 1012 1001 1020 1009",
    "women": " ".join("0308" for _ in YEARS),
    "children": " ".join("0601" for _ in YEARS),
    "teacher": " ".join("0910" for _ in YEARS),
    "national": " ".join("1001" for _ in YEARS),
}


@pytest.mark.parametrize("code", KNOWN)
def test_each_falls_on_its_known_days(code: str) -> None:
    festival = Festival.objects.get(code=code)
    found = festival.occasions(date(2024, 1, 1), date(2035, 12, 31))
    known = [f"{year}{day}" for year, day in zip(YEARS, KNOWN[code].split(), strict=True)]
    assert [f"{on:%Y%m%d}" for on in found] == known


def test_qingming_is_the_day_of_the_sun_for_two_hundred_years() -> None:
    for year in range(1901, 2100):
        on = lunar.qingming(year)
        sun = sxtwl.fromSolar(year, 4, on.day)
        assert sun.hasJieQi()
        assert sun.getJieQi() == 7, year
    with pytest.raises(ValueError, match="2100"):
        lunar.qingming(2100)


def test_the_usual_ones_are_those_of_the_trade() -> None:
    names = set(Festival.objects.values_list("name", flat=True))
    wanted = (
        "元旦 除夕 春节 元宵节 妇女节 清明 劳动节 母亲节 护士节 儿童节 端午节 父亲节 七夕 教师节 中秋节 国庆节 重"
        "阳节 记者节"
    )
    assert names == set(wanted.split())
    assert all(festival.next_on(date(2026, 6, 12)) for festival in Festival.objects.all())


def test_the_last_weekday_of_a_month() -> None:
    last_friday = Festival(kind="weekday", month=2, nth=-1, weekday=4)
    assert [last_friday.in_year(year) for year in (2024, 2026)] == [
        date(2024, 2, 23),
        date(2026, 2, 27),
    ]


def test_a_thirtieth_that_a_lunar_month_lacks_is_kept_on_its_last_day() -> None:
    festival = Festival(kind="lunar", month=12, day=30)
    # The twelfth month of 2024 has 29 days.
    assert lunar.to_lunar(festival.in_year(2024) + A_DAY) == lunar.LunarDate(2025, 1, 1)


def test_beyond_the_tables_there_is_none() -> None:
    assert Festival(kind="lunar", month=1, day=1).next_on(date(2150, 1, 1)) is None
    assert Festival(kind="solar", month=1, day=1).next_on(date(2150, 1, 1)) == date(2150, 1, 1)


def test_what_comes_is_in_order_and_only_what_is_greeted() -> None:
    Festival.objects.filter(code="father").update(active=False)
    found = coming(date(2026, 6, 12), date(2026, 9, 12))
    assert [festival.code for _on, festival in found] == ["dragon-boat", "qixi", "teacher"]
    on, festival = next_for_all(date(2026, 6, 12))
    assert (on, festival.code) == (date(2026, 6, 19), "dragon-boat")
    assert next_for_all(date(2026, 7, 1)) is None


WRONG = [
    ({"kind": "solar", "month": 2, "day": 29}, "day"),
    ({"kind": "solar", "month": 4, "day": 31}, "day"),
    ({"kind": "solar", "month": 4}, "day"),
    ({"kind": "lunar", "month": 8, "day": 31}, "day"),
    ({"kind": "weekday", "month": 5, "weekday": 6}, "nth"),
    ({"kind": "solar", "month": 13, "day": 1}, "month"),
    ({"kind": "solar", "month": 5, "day": 12, "for_whom": "trade"}, "trades"),
]


@pytest.mark.parametrize(("fields", "where"), WRONG)
def test_a_day_that_cannot_be_is_told(fields: dict[str, Any], where: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Festival(name="x", **fields).full_clean()
    assert where in refused.value.message_dict


# --- for whom


def _asked_one_by_one(festival: Festival, client: Client, on: date) -> bool:
    """Brute force: what the query must say of each client."""
    insured = any(
        policy.status in Policy.COVERED and not (policy.lapses_on and policy.lapses_on <= on)
        for policy in client.policies.all()
    )
    level = ServicePlan.objects.get(item=10, client_class=client.shown_class).level
    if client.deceased or client.do_not_contact or not insured or level != "must":
        return False
    if client.shown_class not in festival.classes:
        return False
    children = [member for member in client.family.all() if member.kin == "child"]
    small = [
        c for c in children if c.birth_on and c.birth_on <= on and dates.age_on(c.birth_on, on) < 14
    ]
    parent = bool(children) or any(p.relation in CHILD_WORDS for p in client.policies.all())
    return {
        "all": True,
        "women": client.gender == "f",
        "men": client.gender == "m",
        "mothers": client.gender == "f" and parent,
        "fathers": client.gender == "m" and parent,
        "parents": bool(small),
        "old": client.birth_on is not None and dates.age_on(client.birth_on, on) >= 60,
        "trade": "讲师" in client.note
        or any(
            card.profession == "teacher" or "教师" in card.position
            for card in InfoCard.objects.filter(client=client)
        ),
    }[festival.for_whom]


@pytest.fixture
def people(make_client: Any, make_policy: Any) -> list[Client]:
    """Every sort of person, of every sort of policy."""
    made = []
    births = [None, date(1966, 6, 19), date(1966, 6, 20), date(1990, 1, 1)]
    policies: list[dict[str, Any] | None] = [
        None,
        {},
        {"relation": "子女"},
        {"status": "surrendered"},
        {"lapses_on": date(2026, 6, 19)},
        {"lapses_on": date(2026, 6, 20)},
    ]
    for n, (gender, birth_on, policy) in enumerate(product(["", "f", "m"], births, policies)):
        client = make_client(
            gender=gender,
            birth_on=birth_on,
            client_class=["", "develop", "nurture", "maintain"][n % 4],
            deceased=n % 11 == 0,
            do_not_contact=n % 13 == 0,
            note=["", "大学讲师"][n % 5 == 0],
        )
        InfoCard.objects.create(
            client=client,
            profession=["", "teacher", "nurse"][n % 3],
            position=["", "小学教师", "护士长"][n // 3 % 3],
        )
        if policy is not None:
            make_policy(client, **policy)
        if n % 5 < 2:
            year, day = (2012, 19 + n % 2) if n % 2 else (2020, 1)
            FamilyMember.objects.create(
                client=client, kin="child", name=f"小{n}", year=year, month=6, day=day
            )
        made.append(client)
    return made


@pytest.mark.parametrize("whom", Festival.ForWhom.values)
@pytest.mark.parametrize("classes", [["develop", "nurture", "maintain"], ["maintain"]])
def test_it_is_about_exactly_those(people: list[Client], whom: str, classes: list[str]) -> None:
    ServicePlan.objects.filter(item=10, client_class="nurture").update(level="may")
    festival = Festival(
        name="x", kind="solar", month=6, day=19, for_whom=whom, classes=classes, trades="教师 讲师"
    )
    on = date(2026, 6, 19)
    found = set(greeted(festival, on).values_list("pk", flat=True))
    assert found == {c.pk for c in people if _asked_one_by_one(festival, c, on)}
    assert found
