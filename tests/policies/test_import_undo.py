"""An import is undone without a trace, and what people did since stays."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry, User
from clients.models import Client, Contact, Moved
from followups.agent_work import AgentWork
from followups.festivals import Festival
from followups.greetings import Campaign, Greeting
from followups.models import FollowUp
from followups.tasks import list_imported
from lib import dates
from policies import premiums, tasks
from policies.batches import ImportBatch
from policies.changes import TABLES, ImportChange
from policies.importing import intake
from policies.importing import undo as undoing
from policies.models import Instalment, Insurer, Policy

pytestmark = pytest.mark.django_db
BOOKS = Path(__file__).parents[1] / "data" / "books"
TODAY = dates.today()
BOOK = "保单号,投保人,证件号码,手机号码,险种名称,保费,缴费方式,生效日期,交费对应日,保单状态,服务人员代码\n"
NEXT = TODAY + timedelta(days=20)


def line(number: str, name: str = "张三", **said: Any) -> str:
    usual: dict[str, Any] = {"id": "", "mobile": "", "product": "康宁终身寿险"}
    usual |= {"premium": "1000", "due": NEXT, "agent": "X1"}
    cell = usual | said
    return (
        f"{number},{name},{cell['id']},{cell['mobile']},{cell['product']},{cell['premium']},年交,"
        f"2021-04-17,{cell['due']},有效,{cell['agent']}\n"
    )


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(tasks, "wake", lambda batch: None)


def bring(content: str, name: str = "book.csv", **more: Any) -> ImportBatch:
    """Through all steps, as the worker does it."""
    file = SimpleUploadedFile(name, content.encode())
    batch = ImportBatch.receive(file, insurer=Insurer.usual(), create_agents=True, **more)
    intake.check(batch)
    assert batch.confirm(), batch.report
    intake.apply(batch)
    assert batch.state == ImportBatch.State.APPLIED
    return batch


def bring_file(path: Path) -> ImportBatch:
    file = SimpleUploadedFile(path.name, path.read_bytes())
    batch = ImportBatch.receive(file, insurer=Insurer.usual(), create_agents=True)
    intake.check(batch)
    batch.confirm()
    intake.apply(batch)
    return batch


def take_back(batch: ImportBatch, by: Any = None) -> ImportBatch:
    assert batch.ask_undo(by)
    intake.undo(batch)
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.UNDONE
    return batch


def digest(tables: Iterable[str] = (*TABLES.values(), "policies_policyevent")) -> dict[str, str]:
    with connection.cursor() as cursor:
        found = {}
        for table in tables:
            cursor.execute(
                f"SELECT COALESCE(string_agg(t::text, E'\\n' ORDER BY id), '') FROM {table} t"
            )
            found[table] = hashlib.sha256(cursor.fetchone()[0].encode()).hexdigest()
        return found


def test_a_book_that_came_into_nothing_leaves_nothing() -> None:
    before = digest()
    batch = bring_file(BOOKS / "issued-12-heavy-gb18030.csv")
    assert digest() != before
    done = take_back(batch)
    assert digest() == before
    assert done.undo_report["removed"]["policy"] == 1108
    assert not done.undo_report["kept"]


def test_a_later_book_leaves_the_earlier_one_as_it_was() -> None:
    bring(BOOK + line("P1", mobile="13800138000") + line("P2", "李四") + line("P3", "王五"))
    before = digest()
    later = bring(
        BOOK
        + line("P1", mobile="13900139000", premium="1200", due=NEXT + timedelta(days=365))
        + line("P2", "李四", agent="X2", product="另一年金保险")
        + line("P9", "赵六")
    )
    assert Policy.objects.get(policy_no="P1").premium == Decimal(1200)
    take_back(later)
    assert digest() == before


@pytest.mark.parametrize(
    "sample", ["renewal", "persistency", "bank", "receipts", "claims", "maturity"]
)
def test_every_list_leaves_the_book_as_it_was(sample: str) -> None:
    bring_file(BOOKS / "issued-11-none.xlsx")
    before = digest()
    batch = bring_file(BOOKS / f"{sample}-11-none.xlsx")
    assert (digest() == before) == batch.is_changeless
    take_back(batch)
    assert digest() == before


def test_who_moved_by_a_book_that_is_undone_never_did() -> None:
    bring(BOOK + line("P1", mobile="13800002046"))
    later = bring(BOOK + line("P1", mobile="13900002046"))
    noted = Moved.objects.get()
    assert (noted.what, noted.on, noted.batch) == ("mobile", TODAY, later.pk)
    take_back(later)
    assert Client.objects.get().mobile == "13800002046"
    assert not Moved.objects.exists()


def test_undoing_twice_does_nothing(admin: Any) -> None:
    batch = take_back(bring(BOOK + line("P1")), by=admin)
    before = digest()
    assert not batch.ask_undo(admin)
    intake.undo(batch)
    assert digest() == before
    assert AuditEntry.objects.filter(action="undo").count() == 1


def test_what_somebody_changed_since_stays_and_is_named() -> None:
    bring(BOOK + line("P1") + line("P2", "李四"))
    batch = bring(
        BOOK + line("P1", premium="1200") + line("P2", "李四", premium="1300") + line("P3", "王五")
    )
    policy = Policy.objects.get(policy_no="P1")
    policy.premium = Decimal(1250)
    policy.save()
    new = Policy.objects.get(policy_no="P3")
    new.relation = "本人"
    new.save()
    done = take_back(batch).undo_report
    assert dict(Policy.objects.values_list("policy_no", "premium")) == {
        "P1": Decimal(1250), "P2": Decimal(1000), "P3": Decimal(1000),
    }  # fmt: skip
    assert {(subject, name, why) for subject, _pk, name, why in done["named"]} == {
        ("policy", "P1", "edited"), ("policy", "P3", "edited"), ("client", "王五", "held"),
    }  # fmt: skip


def test_a_payment_booked_since_keeps_the_whole_policy() -> None:
    batch = bring(BOOK + line("P1") + line("P2", "李四"))
    instalment = Instalment.objects.get(policy__policy_no="P1")
    premiums.record_payment(instalment, on=TODAY, by=User.objects.create(staff_no="L1"))
    take_back(batch)
    assert list(Policy.objects.values_list("policy_no", flat=True)) == ["P1"]
    assert Client.objects.get().name == "张三"


def test_whoever_was_followed_up_stays_with_what_came() -> None:
    batch = bring(BOOK + line("P1") + line("P2", "李四"))
    client = Client.objects.get(name="张三")
    Contact.objects.create(client=client, by=User.objects.create(staff_no="L1"), on=TODAY)
    done = take_back(batch).undo_report
    assert list(Policy.objects.values_list("policy_no", flat=True)) == ["P1"]
    assert {(s, pk) for s, pk, _name, _why in done["named"]} >= {("client", client.pk)}


def test_a_greeting_that_nobody_has_touched_does_not_hold_it_up() -> None:
    batch = bring(BOOK + line("P1") + line("P2", "李四"))
    festival = Festival.objects.all()[0]
    campaign = Campaign.objects.create(festival=festival, on=TODAY, opens_on=TODAY)
    for client in Client.objects.all():
        Greeting.objects.create(campaign=campaign, client=client)
    Greeting.objects.filter(client__name="李四").update(words="新年好")
    take_back(batch)
    assert [client.name for client in Client.objects.all()] == ["李四"]
    assert Greeting.objects.count() == 1


def test_what_the_day_moves_is_nobodys_change() -> None:
    batch = bring(BOOK + line("P1"))
    Client.objects.update(last_contact_on=TODAY, client_class="nurture", attention="B")
    take_back(batch)
    assert not Client.objects.exists()


def test_a_later_import_is_undone_first() -> None:
    bring(BOOK + line("P1"))
    before = digest()
    second = bring(BOOK + line("P1", premium="1200"))
    third = bring(BOOK + line("P1", premium="1300"))
    kept = take_back(second).undo_report["named"]
    assert [(name, why) for _s, _pk, name, why in kept] == [("P1", "edited")]
    assert Policy.objects.get().premium == Decimal(1300)
    take_back(third)
    assert Policy.objects.get().premium == Decimal(1200)
    assert digest() != before


def test_imports_undone_in_the_order_of_a_pile_leave_nothing() -> None:
    before = digest()
    pile = [bring(BOOK + line("P1"))]
    between = digest()
    pile.append(bring(BOOK + line("P1", premium="1200") + line("P2", "李四")))
    take_back(pile[1])
    assert digest() == between
    take_back(pile[0])
    assert digest() == before


def test_the_tasks_it_caused_are_closed() -> None:
    bring(BOOK + line("P1", due=TODAY + timedelta(days=200)))
    list_imported()
    assert not FollowUp.objects.open().filter(series="premium").exists()
    batch = bring(BOOK + line("P1", due=NEXT) + line("P2", "李四", due=NEXT))
    list_imported()
    assert FollowUp.objects.open().filter(series="premium").count() == 2
    take_back(batch)
    list_imported()
    assert not FollowUp.objects.open().filter(series="premium").exists()
    assert not ImportChange.objects.filter(batch=batch).exists()


def test_the_tasks_it_settled_come_back() -> None:
    bring(BOOK + line("P1", due=NEXT))
    list_imported()
    open_before = set(FollowUp.objects.open().values_list("rule", "occasion_on"))
    batch = bring(BOOK + line("P1", due=NEXT + timedelta(days=365)))
    list_imported()
    assert set(FollowUp.objects.open().values_list("rule", "occasion_on")) != open_before
    take_back(batch)
    list_imported()
    assert set(FollowUp.objects.open().values_list("rule", "occasion_on")) == open_before


def test_of_agents_that_came_with_it_nothing_is_left_after_the_night() -> None:
    bring(BOOK + line("P1", agent="X1"))
    batch = bring(BOOK + line("P2", "李四", due=NEXT, agent="X2"))
    list_imported()
    assert AgentWork.objects.filter(agent__staff_no="X2").exists()
    take_back(batch)
    list_imported()
    AgentWork.pack()
    assert not AgentWork.objects.exclude(agent__staff_no="X1").exists()
    assert list(User.objects.filter(staff_no__startswith="X").values_list("staff_no")) == [("X1",)]
    assert AgentWork.wrong(TODAY - timedelta(days=400), TODAY + timedelta(days=400)) == []


def test_undoing_is_seen_in_the_log_and_on_the_page(admin: Any, login: Any) -> None:
    batch = bring(BOOK + line("P1"))
    browser, english = login(admin), {"accept-language": "en"}
    result = reverse("imports:result", args=[batch.pk])
    assert "Undo this import" in browser.get(result, headers=english).text
    undo = reverse("imports:undo", args=[batch.pk])
    page = browser.get(undo, headers=english).text
    assert "Deletes 1 new policies and 1 new clients." in page
    assert browser.post(undo)["Location"] == reverse("imports:run", args=[batch.pk])
    assert browser.post(undo)["Location"] == reverse("imports:run", args=[batch.pk])
    batch.refresh_from_db()
    intake.undo(batch)
    assert "Everything is as it was before the import." in browser.get(result, headers=english).text
    entry = AuditEntry.objects.get(action="undo")
    assert (entry.actor, entry.subject) == (admin, f"importbatch {batch.pk}")


def test_it_cannot_be_undone_for_ever(settings: Any, admin: Any, login: Any) -> None:
    batch = bring(BOOK + line("P1"))
    settings.IMPORT_UNDO_DAYS = 3
    ImportBatch.objects.update(finished_at=timezone.now() - timedelta(days=4))
    batch.refresh_from_db()
    assert not batch.ask_undo(admin)
    assert login(admin).get(reverse("imports:undo", args=[batch.pk])).status_code == 302
    tasks.forget_old_files()
    assert not ImportChange.objects.exists()
    assert Policy.objects.exists()


@pytest.mark.parametrize("at", ["_restore", "_find_what_stays", "_remove_unused"])
def test_an_undo_that_breaks_off_leaves_everything(at: str, monkeypatch: Any, admin: Any) -> None:
    bring(BOOK + line("P1"))
    batch = bring(BOOK + line("P1", premium="1200") + line("P2", "李四"))
    before = digest()

    def broken(*args: Any, **more: Any) -> None:
        raise RuntimeError

    batch.ask_undo(admin)
    with monkeypatch.context() as patch:
        patch.setattr(undoing, at, broken)
        with pytest.raises(RuntimeError):
            intake.undo(batch)
    assert digest() == before
    ImportBatch.objects.update(heartbeat_at=None)
    intake.undo(batch)
    assert Policy.objects.get().premium == Decimal(1000)


NUMBERS = st.sampled_from(["P1", "P2", "P3"])
NAMES = st.sampled_from(["张三", "李四"])
LINES = st.lists(
    st.builds(
        line, NUMBERS, NAMES,
        mobile=st.sampled_from(["", "13800138000", "13900139000"]),
        premium=st.sampled_from(["1000", "1200"]),
        due=st.sampled_from([NEXT, NEXT + timedelta(days=365)]),
        agent=st.sampled_from(["", "X1", "X2"]),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(books=st.lists(LINES, min_size=1, max_size=3))
def test_any_pile_of_books_is_undone_in_turn(books: list[list[str]]) -> None:
    ImportBatch.objects.all().delete()
    states, pile = [digest()], []
    for book in books:
        pile.append(bring(BOOK + "".join(book)))
        states.append(digest())
    for batch in reversed(pile):
        assert digest() == states.pop()
        assert not take_back(batch).undo_report["kept"]
    assert digest() == states.pop()


def test_what_the_triggers_watch_is_what_is_restored() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE t.tgname LIKE 'note_on_%%' GROUP BY 1"
        )
        assert dict(cursor.fetchall()) == dict.fromkeys(TABLES.values(), 2)


def test_what_follows_from_a_birth_date_and_a_household_do_not_hold_it_up() -> None:
    book = BOOK.replace("手机号码", "出生日期,手机号码").replace("投保人,", "投保人,联系地址,")
    home = "西湖区 文三路 259 号"

    def entry(number: str, name: str, born: str) -> str:
        return line(number, f"{name},{home}").replace(",,,", f",,{born},,", 1)

    bring(book + entry("P1", "王小明", ""))
    before = digest()
    later = bring(book + entry("P1", "王小明", "1980-05-01") + entry("P2", "王小红", "1985-06-01"))
    list_imported()
    assert Client.objects.exclude(household=None).count() == 2
    assert Client.objects.get(name="王小明").sixty_on is not None
    done = take_back(later)
    assert not done.undo_report["kept"]
    assert Client.objects.get().sixty_on is None
    assert digest(["policies_policy"])["policies_policy"] == before["policies_policy"]
