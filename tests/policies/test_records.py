"""Lists that stay: claims, tickets, loans … stand on their policies, once, and can be read there."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from policies.batches import ImportBatch
from policies.importing.apply import Order, Report
from policies.importing.intake import import_file
from policies.importing.kept_lists import KEPT_LISTS
from policies.models import Insurer, Policy, Record
from tests.policies.importing.books import answer, write_text, write_xlsx

pytestmark = pytest.mark.django_db
BOOKS = Path(__file__).parents[1] / "data" / "books"
TODAY = date(2026, 11, 22)
SAMPLES = [
    f"{layout}-11-none.xlsx" for layout in ("receipts", "maturity", "callback", "tickets", "claims")
]
CLAIMS = "赔案号 保单号 险种名称 投保人 申请人电话 报案日期 给付金额 结案日期 案件状态".split()
LOANS = (
    "管理机构 保单号码 投保人姓名 投保人性别 险种名称 出单网点 借款日期 借款金额 约定还款日期 实际还款日期"
    " 还款金额 保单状态 联系方式"
).split()
CHANGES = (
    "保全受理号 保单号 保单所属机构 网点名称 渠道 操作机构代码 投保人姓名 被保险人姓名 保全复核通过日期"
    " 项目编码 金额 申请方式"
).split()


def take(path: Path, **more: Any) -> Report:
    batch = ImportBatch.objects.create(insurer=Insurer.usual(), name=path.name)
    order = Order(Insurer.usual(), batch=batch.pk, **({"today": TODAY} | more))
    return import_file(path, path.name, order)


@pytest.fixture
def taken(tmp_path: Path) -> Any:
    def one(headings: list[str], *rows: Sequence[object]) -> Report:
        return take(write_text(tmp_path / "list.csv", [headings, *rows]))

    return one


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_list_stands_on_the_policies_it_names(name: str) -> None:
    take(BOOKS / "issued-11-none.xlsx")
    said = answer(name)
    report = take(BOOKS / name)
    assert (report.kind, report.rows) == (said["layout"], said["rows"])
    assert not report.rejected
    assert report.counts == {"recorded": Record.objects.count(), "renewed": 0}
    assert report.counts["recorded"] + len(report.warnings) == said["accepted"]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_same_list_again_changes_nothing(name: str) -> None:
    take(BOOKS / "issued-11-none.xlsx")
    take(BOOKS / name)
    before = list(Record.objects.order_by("pk").values())
    report = take(BOOKS / name)
    assert report.counts == {"recorded": 0, "renewed": 0}
    assert report.unchanged == len(before)
    assert before == list(Record.objects.order_by("pk").values())


def test_signed_receipts_reach_the_policy(make_policy: Any, taken: Any) -> None:
    make_policy(policy_no="P1", receipt_signed_on=None)
    receipts = ["保单号", "险种代码", "回单日期", "签收日期"]
    assert taken(receipts, ["P1", "10086", "2026-06-02", "2026-06-01"]).updated_policies == 1
    assert Policy.objects.get().receipt_signed_on == date(2026, 6, 1)
    assert taken(receipts, ["P1", "10086", "2026-06-02", "2026-06-01"]).updated_policies == 0
    corrected = taken(receipts, ["P1", "10086", "2026-06-04", "2026-06-03"])
    assert corrected.counts == {"recorded": 0, "renewed": 1}
    assert Policy.objects.get().receipt_signed_on == date(2026, 6, 3)


def test_a_maturity_gives_the_policy_its_last_day(make_policy: Any, taken: Any) -> None:
    make_policy(policy_no="P1", matures_on=None)
    taken(["保单号", "保险止期", "满期金额"], ["P1", "2027-02-09", "410000"])
    assert Policy.objects.get().matures_on == date(2027, 2, 9)
    assert Record.objects.get().fields["payout"] == 410000


def test_a_later_list_moves_the_claim_on_and_keeps_what_it_does_not_say(
    make_policy: Any, taken: Any
) -> None:
    make_policy(policy_no="P1")
    taken(CLAIMS, ["LP1", "P1", "康宁", "张三", "", "2026-11-02", "", "", "立案"])
    taken(CLAIMS, ["LP1", "P1", "康宁", "张三", "", "", "12,000.00", "2026-11-20", "结案"])
    claim = Record.objects.get()
    assert (claim.state, claim.on) == ("结案", date(2026, 11, 2))
    assert claim.fields["reported_on"] == "2026-11-02"
    assert (claim.fields["paid"], claim.fields["closed_on"]) == (12000, "2026-11-20")
    assert claim.title.endswith("LP1 · 结案")


def test_a_list_without_products_means_every_line_of_the_claim(
    make_policy: Any, taken: Any
) -> None:
    make_policy(policy_no="P1")
    bare = ["赔案号", "保单号", "报案日期", "案件状态"]
    taken(bare, ["LP1", "P1", "2026-11-02", "报案"])
    row = ["LP1", "P1", "康宁", "", "", "2026-11-02", "", "", "立案"]
    rider = ["LP1", "P1", "附加险", "", "", "2026-11-02", "", "", "立案"]
    assert taken(CLAIMS, row, rider).counts == {"recorded": 1, "renewed": 1}
    assert taken(bare, ["LP1", "P1", "2026-11-02", "审批"]).counts == {"recorded": 0, "renewed": 2}
    assert set(Record.objects.values_list("part", "state")) == {
        ("康宁", "审批"),
        ("附加险", "审批"),
    }


def test_loans_and_changes_are_told_apart_by_day_and_item(make_policy: Any, taken: Any) -> None:
    make_policy(policy_no="P1")
    loan = [
        "杭州",
        "P1",
        "张三",
        "男",
        "康宁",
        "西湖",
        "2026-05-01",
        "20000",
        "2026-11-01",
        "",
        "",
        "有效",
        "13800138000",
    ]
    repaid = [*loan[:9], "2026-10-30", "20500", *loan[11:]]
    assert taken(LOANS, loan).counts["recorded"] == 1
    assert taken(LOANS, repaid).counts == {"recorded": 0, "renewed": 1}
    change = ["BQ1", "P1", "杭州", "", "", "33", "张三", "", "2026-11-03", "CT", "100.5", "柜面"]
    other = [*change[:9], "AE", *change[10:]]
    assert taken(CHANGES, change, other, other).counts["recorded"] == 2
    assert Record.objects.get(kind="loans").fields["repaid"] == 20500


def test_lines_of_unknown_policies_are_refused(make_policy: Any, taken: Any) -> None:
    make_policy(policy_no="P1")
    line = ["LP1", "P2", "康宁", "", "", "2026-11-02", "", "", "立案"]
    missing = ["", "P1", "康宁", "", "", "2026-11-02", "", "", "立案"]
    report = taken(CLAIMS, line, missing)
    assert {f.reason for f in report.rejected} == {"policy_unknown", "case_number_missing"}
    assert not Record.objects.exists()


def test_personal_numbers_are_kept_under_lock_and_key(make_policy: Any, taken: Any) -> None:
    make_policy(policy_no="P1")
    row = ["LP1", "P1", "康宁", "", "13126947790", "2026-11-02", "", "", "立案"]
    taken(CLAIMS, row)
    with connection.cursor() as cursor:
        cursor.execute("SELECT fields::text, sealed FROM policies_record")
        fields, sealed = cursor.fetchone()
    assert "13126947790" not in fields
    assert b"13126947790" not in bytes(sealed)
    assert json.loads(Record.objects.get().sealed) == {"applicant_phone": "13126947790"}
    assert taken(CLAIMS, row).counts == {"recorded": 0, "renewed": 0}


def test_a_figure_that_is_none_is_left_out_and_told(make_policy: Any, taken: Any) -> None:
    make_policy(policy_no="P1")
    report = taken(CLAIMS, ["LP1", "P1", "", "", "", "2026-11-02", "若干", "", "立案"])
    assert [(f.column, f.reason) for f in report.warnings] == [("给付金额", "figure_invalid")]
    assert "paid" not in Record.objects.get().fields


def test_a_ticket_without_a_day_stands_on_the_day_it_came(make_policy: Any, tmp_path: Path) -> None:
    make_policy(policy_no="P1")
    rows = [
        ["事件编号", "事件类型", "事件描述", "事件状态", "个险保单号"],
        ["T1", "投诉", "要求", "待处理", "P1"],
    ]
    path = write_xlsx(tmp_path / "t.xlsx", rows)
    take(path)
    take(path, today=date(2026, 12, 1))
    assert Record.objects.get().on == TODAY


def test_the_policy_and_the_client_tell_it(
    make_policy: Any, taken: Any, login: Any, alice: Any
) -> None:
    policy = make_policy(policy_no="P1")
    policy.holder.agent = alice
    policy.holder.save()
    taken(CLAIMS, ["LP1", "P1", "康宁", "", "", "2026-06-02", "12000", "", "立案"])
    browser = login(alice)
    for page in ("policy", "client"):
        pk = policy.pk if page == "policy" else policy.holder_id
        text = browser.get(reverse(page, args=[pk]), headers={"accept-language": "zh-hans"}).text
        assert "理赔 LP1 · 立案" in text
        assert "¥12,000" in text


def test_twenty_records_cost_the_queries_of_one(
    make_policy: Any, taken: Any, login: Any, alice: Any
) -> None:
    policy = make_policy(policy_no="P1")
    policy.holder.agent = alice
    policy.holder.save()
    browser, address = login(alice), reverse("policy", args=[policy.pk])
    spent = []
    for n in (1, 20):
        taken(
            CLAIMS, *([f"LP{k}", "P1", "", "", "", "2026-06-02", "", "", "立案"] for k in range(n))
        )
        with CaptureQueriesContext(
            connection,
        ) as queries:
            browser.get(address)
        spent.append(len(queries))
    assert spent[0] == spent[1]


def test_every_kind_of_kept_list_is_a_kind_of_record() -> None:
    assert {layout.code for layout in KEPT_LISTS} == set(Record.Kind.values)
