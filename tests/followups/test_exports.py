"""A list as a file: the rows of its page, text as text, numbers masked, a second person where it is long."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.exports import ALONE, FETCH_DAYS, Listing
from accounts.models import AuditEntry, ExportRequest, User
from clients.models import Client
from followups.exported import LISTINGS
from lib import dates
from policies.batches import ImportBatch
from policies.models import Insurer, Policy

pytestmark = pytest.mark.django_db


def rows_of(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def book(make_client: Any, make_policy: Any, make_instalment: Any, alice: Any, carol: Any) -> Any:
    """A client of Alice and one of Carol, each with a premium in grace and a number to hide."""
    for agent, name in ((alice, "陈志远"), (carol, "何人")):
        client = make_client(agent=agent, name=name, mobile="13800002046", email="=1+1@x.cn")
        policy = make_policy(client, policy_no=f"00{agent.pk}", account="6222000011112222")
        make_instalment(policy, due_on=dates.today() - timedelta(days=9))
    return Client.objects.get(name="陈志远")


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=LISTINGS)
def test_every_list_has_its_file_for_those_who_see_its_page(
    listing: Listing, book: Any, login: Any, alice: Any, bob: Any, auditor: Any, admin: Any
) -> None:
    for person in (alice, bob, auditor, admin):
        browser = login(person)
        url = f"/exports/{listing.code}/"
        if not listing.allows(person):
            assert browser.get(url).status_code == browser.post(url).status_code == 403
            continue
        assert browser.get(url).status_code == 200
        for form in ("csv", "xlsx"):
            content = b"".join(browser.post(url, {"form": form}).streaming_content)
            assert content
            if form == "csv" and person is not admin:
                assert "何人" not in content.decode()
                assert "13800002046" not in content.decode()
                assert "6222000011112222" not in content.decode()
    assert AuditEntry.objects.filter(action="export", subject=f"list {listing.code}").exists()


def test_the_file_has_the_rows_of_the_page_and_says_so_in_the_audit(
    book: Any, login: Any, bob: Any, make_client: Any, alice: Any
) -> None:
    make_client(agent=alice, name="王小明", client_class="develop")
    browser = login(bob)
    rows = rows_of(browser.post("/exports/clients/?q=陈&client_class=maintain", {"form": "csv"}))
    assert [row["姓名"] for row in rows] == ["陈志远"]
    assert rows[0]["手机"] == "138 **** 2046"
    assert rows[0]["邮箱"] == "'=1+1@x.cn"
    entry = AuditEntry.objects.get(action="export")
    assert (entry.actor, entry.subject) == (bob, "list clients")
    assert entry.detail["rows"] == 1
    assert entry.detail["narrowed"] == {"q": "…", "client_class": "maintain"}


def test_text_stays_text(book: Any, login: Any, alice: Any) -> None:
    Policy.objects.filter(holder=book).update(policy_no="00123456789012345678")
    [row] = rows_of(login(alice).post("/exports/policies/", {"form": "csv"}))
    assert row["保险单号码"] == "00123456789012345678"


@pytest.fixture
def long_list(make_client: Any, alice: Any) -> None:
    Client.objects.bulk_create(
        Client(name="甲", pinyin="jia", agent=alice) for _ in range(ALONE + 1)
    )


def test_a_long_list_needs_a_second_person(
    long_list: Any, login: Any, alice: Any, bob: Any, carol: Any
) -> None:
    asks, decides = login(alice), login(bob)
    wish = {"form": "csv"}
    assert asks.post("/exports/clients/", wish).status_code == 422, "without a reason"
    wish |= {"reason": "年终回访", "key": "k"}
    for _ in range(2):  # sent twice
        assert asks.post("/exports/clients/", wish).status_code == 302
    asked = ExportRequest.objects.get()
    fetch, decide = f"/exports/{asked.pk}/fetch/", f"/exports/{asked.pk}/decide/"
    assert asks.post(fetch)["Location"] == "/exports/"
    assert asks.post(decide, {"do": "approve"}).status_code == 404
    assert login(carol).post(decide, {"do": "approve"}).status_code == 404
    page = decides.get("/exports/").content.decode()
    assert "年终回访" in page
    assert "501" in page
    decides.post(decide, {"do": "approve"})
    assert decides.post(fetch).status_code == 404
    assert len(rows_of(asks.post(fetch))) == ALONE + 1
    assert asks.post(fetch).status_code == 302, "once"
    entry = AuditEntry.objects.get(action="export")
    assert (entry.detail["rows"], entry.detail["approved_by"]) == (ALONE + 1, bob.pk)


@pytest.mark.parametrize("why", ["refused", "too late", "grown"])
def test_what_was_not_agreed_to_is_not_given(
    why: str, long_list: Any, login: Any, alice: Any, bob: Any, make_client: Any
) -> None:
    asks = login(alice)
    asks.post("/exports/clients/", {"form": "csv", "reason": "x"})
    asked = ExportRequest.objects.get()
    assert asked.decide(bob, approved=why != "refused")
    assert not asked.decide(bob, approved=True), "once"
    if why == "too late":
        late = timezone.now() - timedelta(days=FETCH_DAYS)
        ExportRequest.objects.update(decided_at=late)
    if why == "grown":
        Client.objects.bulk_create(Client(name="乙", agent=alice) for _ in range(60))
    assert asks.post(f"/exports/{asked.pk}/fetch/").status_code == 302
    assert not AuditEntry.objects.filter(action="export").exists()


def test_whole_numbers_need_a_second_person_however_few(
    book: Any, login: Any, alice: Any, bob: Any, dora: Any
) -> None:
    assert len(rows_of(login(alice).post("/exports/clients/", {"form": "csv", "whole": "on"}))) == 1
    browser = login(bob)
    wish = {"form": "csv", "whole": "on", "reason": "寄送合同"}
    assert browser.post("/exports/clients/", wish).status_code == 302
    asked = ExportRequest.objects.get()
    login(dora).post(f"/exports/{asked.pk}/decide/", {"do": "approve"})
    [row] = rows_of(browser.post(f"/exports/{asked.pk}/fetch/"))
    assert row["手机"] == "13800002046"
    assert AuditEntry.objects.get(action="export", actor=bob).detail["whole"] is True


def test_old_requests_are_forgotten(alice: Any) -> None:
    ExportRequest.objects.create(asker=alice, listing="clients", rows=1, form="csv")
    assert ExportRequest.objects.forget_old() == 0
    ExportRequest.objects.update(asked_at=timezone.now() - timedelta(days=91))
    assert ExportRequest.objects.forget_old() == 1


# --- lists of one thing


def test_the_day_and_an_agents_lists_as_files(
    book: Any, login: Any, alice: Any, bob: Any, carol: Any, make_followup: Any
) -> None:
    make_followup(client=book, list_on=dates.today(), keep_until=dates.today())
    [row] = rows_of(login(alice).post("/exports/day/", {"form": "csv"}))
    assert row["客户"] == "陈志远"
    assert alice.staff_no in row.values()
    browser = login(bob)
    assert rows_of(browser.post(f"/exports/day/?agent={alice.pk}", {"form": "csv"})) == [row]
    [seen] = rows_of(browser.post(f"/exports/agents-list/?of={alice.pk}", {"form": "csv"}))
    assert seen["客户"] == "陈志远"
    for stranger in (carol.pk, "", "x", "9" * 30):
        url = f"/exports/agents-list/?of={stranger}"
        assert rows_of(browser.post(url, {"form": "csv"})) == []
    page = browser.get(f"/team/{alice.pk}/").content.decode()
    assert f"/exports/agents-list/?of={alice.pk}" in page


def test_many_refused_rows_need_a_second_person(
    login: Any, admin: Any, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    batch = ImportBatch(insurer=Insurer.usual(), name="b.csv", kind="issued", state="applied")
    batch.report = {"rejected_rows": ALONE + 1}
    lines = ["保单号,投保人", *(f"{n},投保人|name_missing,P{n}," for n in range(ALONE + 1))]
    batch.refused_file.save("r.txt", ContentFile("\n".join(lines).encode()))
    browser = login(admin)
    sheet = browser.get(f"/imports/{batch.pk}/refused.xlsx")["Location"]
    assert sheet == f"/exports/refused/?of={batch.pk}"
    browser.post(sheet, {"form": "csv", "reason": "改正"})
    asked = ExportRequest.objects.get()
    other = User.objects.create(staff_no="ADMIN2", name="二号", role="administrator")
    page = login(other).get("/exports/").content.decode()
    assert f"/imports/{batch.pk}/result/" in page
    assert asked.decide(other, approved=True)
    rows = rows_of(browser.post(f"/exports/{asked.pk}/fetch/"))
    assert len(rows) == ALONE + 1
    assert list(rows[0]) == ["保单号", "投保人", "行", "原因"]
    assert rows[0]["保单号"] == "P0"
