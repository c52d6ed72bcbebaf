"""What a back office meets in the demo: records that may be one person, a list that came, one that waits."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import User
from clients import duplicates
from clients.models import Client
from policies.batches import ImportBatch
from policies.importing import intake
from policies.models import Insurer, Policy

CHANGES = "保全受理号,保单号,投保人姓名,保全项目,保全复核通过日期,金额,申请方式"
BOOK = "保险单号码,投保人,证件号码,手机号码,险种名称,保险费,缴费方式,生效日期,交费对应日,保单状态"
ITEMS = ("联系方式变更", "续期银行账号变更", "受益人变更", "补发保单")


def spell_twice(rng: Random, people: Sequence[Client]) -> None:
    """Three clients stand there a second time, as an older list had spelt them."""
    alive = [person for person in people if person.agent_id and not person.deceased]
    one, other, third = rng.sample(alive, 3)
    Client.objects.bulk_create(
        [
            _again(one, mobile=one.mobile[:-1] + str((int(one.mobile[-1]) + 1) % 10)),
            _again(other, address=f"{other.address} 二楼", email="old@example.com"),
            _again(third, birth_on=None),
        ]
    )
    duplicates.find()


def _again(person: Client, **spelt: object) -> Client:
    said: dict[str, object] = {
        "name": person.name, "gender": person.gender, "birth_on": person.birth_on,
        "mobile": person.mobile, "address": person.address,
    }  # fmt: skip
    twin = Client(agent_id=person.agent_id, source="import", **(said | spelt))
    twin.derive(timezone.localdate())
    return twin


def import_lists(today: date) -> None:
    """Policy changes that have come in, and a policy book that somebody has to look through."""
    known = list(Policy.objects.in_force(today).select_related("holder").order_by("policy_no")[:12])
    come = _received("保全月报.csv", [CHANGES, *_changes(known[:8], today)])
    intake.check(come)
    come.confirm()
    come.refresh_from_db()
    intake.apply(come)
    ImportBatch.objects.filter(pk=come.pk).update(listed_at=timezone.now())
    intake.check(_received("个险承保清单.csv", [BOOK, *_book(known, today)]))


def _received(name: str, lines: Sequence[str]) -> ImportBatch:
    content = "\n".join(lines).encode("gb18030")
    file = SimpleUploadedFile(name, ContentFile(content).read())
    desk = User.objects.get(staff_no="ADMIN")
    return ImportBatch.receive(file, insurer=Insurer.usual(), uploaded_by=desk)


def _changes(policies: Sequence[Policy], today: date) -> list[str]:
    rows = [
        f"B{today:%Y}{n:05d},{policy.policy_no},{policy.holder.name},{ITEMS[n % len(ITEMS)]},"
        f"{today - timedelta(days=3 * n + 1)},0.00,柜面"
        for n, policy in enumerate(policies)
    ]
    return [*rows, f"B{today:%Y}99999,00990000000001,某某,{ITEMS[0]},{today},0.00,线上"]


def _book(policies: Sequence[Policy], today: date) -> list[str]:
    """Known policies, some with another premium or phone, and new ones; with the dirt of real files."""
    rows = [
        f"{policy.policy_no},{policy.holder.name},,{_phone(n, policy)},{policy.product},"
        f"￥{policy.premium + 20 * (n % 3 == 0):.2f},,,,"
        for n, policy in enumerate(policies)
    ]
    year = today.year
    return [
        *rows,
        f'00880000000001,郭 佳怡,3.30106E+17,138-0571-2046,守护定期寿险,"2,400.00 元",年交,{year}年3月5日,,有效',
        f"00880000000002,任思远,,13705712046/13805712046,福满终身寿险,1.2万,年交,{year}/3/5,,有效",
        f"00880000000003,欧阳晓芸,,,安心终身重疾,3600,年交,05/03/{year},,有效",
        "合计,15,,,,,,,,",
    ]


def _phone(n: int, policy: Policy) -> str:
    return f"1370571{n:04d}" if n % 4 == 0 else policy.holder.mobile
