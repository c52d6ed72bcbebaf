"""What is covered against what is needed, as docs/coverage.md says; the unknown is never guessed."""

from decimal import Decimal
from typing import Any

import pytest

from policies.coverage import Needs, Risk, coverage_of
from policies.models import Known
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def cover(make_client: Any, make_policy: Any) -> Any:
    """The coverage of 陈志远 with these policies: kind, sum in ten thousands, insured, relation."""

    def make(
        *policies: Any, income: int | None = 100_000, need: int | None = None, n: int = 0
    ) -> Any:
        client = make_client(name="陈志远")
        made = [
            make_policy(
                client,
                kind=kind,
                sum_assured=Decimal(wan * 10_000),
                insured_name=insured,
                relation=relation,
            )
            for kind, wan, insured, relation in policies
        ]
        known = Known(client=client, income=income and Decimal(income), need=need)
        return coverage_of(client.name, made, known, n, TODAY)

    return make


def own(coverage: Any) -> dict[str, tuple[int, int | None, int, str]]:
    return {
        gap.risk.value: (
            int(gap.have),
            None if gap.need is None else int(gap.need),
            int(gap.missing),
            gap.tone,
        )
        for gap in coverage.own
    }


def test_each_need_follows_from_the_income(cover: Any) -> None:
    found = cover(
        ("critical_illness", 20, "", ""),
        ("term", 30, "陈志远", "本人"),
        ("whole_life", 30, "陈志远", "本人"),
        ("accident", 100, "", ""),
        ("annuity", 10, "", ""),
    )
    assert own(found) == {
        "critical": (200_000, 500_000, 300_000, "danger"),
        "life": (600_000, 1_000_000, 400_000, "warn"),
        "accident": (1_000_000, 1_000_000, 0, "ok"),
        "medical": (0, 1_000_000, 1_000_000, "danger"),
        "pension": (100_000, 1_000_000, 900_000, "danger"),
    }
    assert [gap.risk for gap in found.largest_gaps[:2]] == [Risk.MEDICAL, Risk.PENSION]


def test_without_an_income_the_need_is_unknown_and_no_gap(cover: Any) -> None:
    found = cover(("critical_illness", 20, "", ""), income=None)
    assert own(found)["critical"] == (200_000, None, 0, "slate")
    assert not found.income_known
    assert [gap.risk for gap in found.largest_gaps] == [Risk.MEDICAL]


def test_a_need_written_down_goes_before_the_usual_one(cover: Any) -> None:
    assert own(cover(need=1_500_000))["life"][1] == 1_500_000


def test_the_children_learn_at_their_parents_expense(cover: Any) -> None:
    found = cover(("endowment", 10, "陈一诺", "子女"), ("endowment", 5, "", ""), n=2)
    assert own(found)["education"] == (100_000, 600_000, 500_000, "danger")
    assert own(found)["saving"] == (50_000, None, 0, "slate")
    (child,) = found.others
    assert (child.name, child.relation) == ("陈一诺", "子女")
    assert {gap.risk: gap.need for gap in child.gaps} == {
        Risk.MEDICAL: Decimal(1_000_000),
        Risk.EDUCATION: None,
    }


def test_what_has_ended_covers_nobody(make_client: Any, make_policy: Any) -> None:
    client = make_client()
    ended = make_policy(client, kind="medical", sum_assured=Decimal(9), status="surrendered")
    assert own(coverage_of(client.name, [ended], None, 0, TODAY))["medical"][0] == 0


def test_the_office_may_advise_otherwise(cover: Any) -> None:
    Needs.objects.create(critical_years=3, medical_sum=Decimal(2_000_000))
    found = own(cover())
    assert (found["critical"][1], found["medical"][1]) == (300_000, 2_000_000)
