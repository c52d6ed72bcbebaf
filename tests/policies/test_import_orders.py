"""Lists of one day about the same policies end alike in whatever order they come."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.db import transaction

from clients.models import Client
from policies.batches import ImportBatch
from policies.importing.apply import Order
from policies.importing.intake import import_file
from policies.models import BankRow, Instalment, Insurer, Policy
from policies.records import Record
from tests.policies.importing.books import write_text

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 12)
ORDERS = 8
# What each list says, of the policies P1 (collected), P2 (failed), P3 (lapsed) and P4 (matures).
LISTS = {
    "issued": """保单号,投保人,证件号码,手机号码,险种名称,保费,生效日期,交费对应日,保单状态,缴费方式
P1,张三,330502197402102930,13800000001,定期寿险,1000,2021-06-01,,有效,年交
P2,李四,,13800000002,定期寿险,"1,000.00 元",2021年6月1日,,有效,年缴
P3,李四,,13800000002,定期寿险,1000,2021-03-01 10:05,,失效中止,年交
P4,王五,,,两全保险,￥500,2006-07-01,-,有效,一次付清""",
    "renewal": """保险单号码,投保人,交费对应日,应收保费,手机号码,通讯地址
P1,张三,2026-06-01,1000,13800000001,杭州市西湖区1号
P2,李四,2026年6月1日,1000,13800000002,杭州市西湖区2号""",
    "persistency": """保单号,应交日,交至日,保单当前状态,交费失败原因,应收保费,投保人
P1,2026-06-01,2027-06-01,有效,,1000,张三
P2,2026-06-01,2026-06-01,有效,余额不足,1000,李四
P3,2026-03-01,2026-03-01,失效,账户已销户,1000,李四""",
    "bank": """账户名,账号,金额,状态描述,回盘日期,费用类型,关联业务号码,管理机构
张三,6214,1000.00,收费成功,2026-06-12,续期保费,P1,
李四,6215,1000.00,余额不足,2026-06-12,续期保费,P2,""",
    "receipts": "保单号,险种代码,回单日期,签收日期\nP1,A1,2021-06-20,2021-06-15",
    "maturity": """保单号,保险止期,满期金额,投保人身份证号
P4,2026-07-01,9000,330502197402102930""",
    "callback": """保单号,工单流水号,工单子类,应访日期,手机号码
P1,G1,无法接通,2026-06-02,13800000001""",
    "tickets": """事件编号,事件类型,事件描述,事件状态,个险保单号,完成时间
E1,咨询,问红利,已办结,P2,2026-06-10""",
    "claims": """赔案号,保单号,被保险人,报案日期,案件状态,给付金额
L1,P3,李四,2026-01-05,调查,""",
    "changes": """保全受理号,保单号,项目编码,保全复核通过日期,金额
B1,P2,地址变更,2026-05-05,0""",
    "loans": """保单号码,投保人姓名,借款日期,借款金额,约定还款日期,保单状态
P1,张三,2026-01-01,3000,2026-07-01,有效""",
}


def told() -> list[Any]:
    """What stands in the office, without keys and moments."""
    policies = "policy_no holder__name status premium premium_mode next_due_on matures_on"
    policies += " receipt_signed_on lapses_on ended_on product__kind"
    premiums = "policy__policy_no due_on grace_ends_on amount paid_on closed_on failure failed_on"
    records = "policy__policy_no kind number part on state fields"
    return [
        sorted(map(repr, model.objects.values_list(*fields.split())))
        for model, fields in (
            (Policy, policies),
            (Instalment, premiums),
            (Record, records),
            (Client, "name gender birth_on mobile phone address id_number"),
            (BankRow, "reference amount ok failure returned_on state"),
        )
    ]


@pytest.fixture
def known(make_client: Any, make_policy: Any, make_instalment: Any, alice: Any) -> None:
    zhang, li, wang = (make_client(name=name, agent=alice, mobile="", phone="", address="")
                       for name in ("张三", "李四", "王五"))  # fmt: skip
    for number, holder, due_on in (
        ("P1", zhang, date(2026, 6, 1)), ("P2", li, date(2026, 6, 1)), ("P3", li, date(2026, 3, 1)),
    ):  # fmt: skip
        policy = make_policy(
            holder, policy_no=number, premium=Decimal(1000), next_due_on=due_on, kind="term",
            effective_on=due_on.replace(year=2021), receipt_signed_on=None,
        )  # fmt: skip
        make_instalment(policy, due_on=due_on, amount=Decimal(1000))
    make_policy(wang, policy_no="P4", premium=Decimal(500), premium_mode="single",
                kind="endowment", effective_on=date(2006, 7, 1))  # fmt: skip


@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
def test_lists_of_every_kind_end_alike_in_any_order(
    twice: bool, known: None, tmp_path: Path
) -> None:
    random, ends = Random(20261128), {}
    for _ in range(ORDERS):
        kinds = random.sample(list(LISTS), len(LISTS)) * (1 + twice)
        with transaction.atomic():
            for kind in kinds:
                path = write_text(tmp_path / f"{kind}.csv", [])
                path.write_text(LISTS[kind] + "\n", encoding="utf-8")
                batch = ImportBatch.objects.create(insurer=Insurer.usual(), name=path.name)
                report = import_file(
                    path, path.name, Order(Insurer.usual(), today=TODAY, batch=batch.pk)
                )
                assert (report.kind, report.rejected) == (kind, [])
            ends[tuple(kinds)] = told()
            transaction.set_rollback(True)
    first, *others = ends.values()
    assert len(first[2]) == len(LISTS) - 4, "a record for each line that is neither money nor book"
    assert sum(repr(TODAY) in each for each in first[1]) == 3, "one collected, two failed today"
    for kinds, end in zip(list(ends)[1:], others, strict=True):
        for one, other in zip(first, end, strict=True):
            assert one == other, (next(iter(ends)), kinds)
