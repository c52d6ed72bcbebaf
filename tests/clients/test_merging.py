"""Two records of one person become one with all that hangs on them, and two again to the letter."""

import hashlib
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from accounts.models import AuditEntry
from clients import merging
from clients.family import Household
from clients.merging import Merge, NotMerged, merge, sides, unmerge
from clients.models import (
    Client,
    Consent,
    Contact,
    Duplicate,
    FamilyMember,
    InfoCard,
    KeyDate,
    LifeEvent,
    Moved,
)
from followups.agent_work import AgentWork
from followups.due_work import DueWork
from followups.models import (
    Campaign,
    Escalation,
    Festival,
    FollowUp,
    Greeting,
    Planned,
    RuleMute,
    StockItem,
    StockMove,
)
from lib.absorbing import references
from policies.models import ClassOverride, ClientClass, Known, Mark, Policy
from tests.conftest import TODAY
from tests.policies.test_import_apply import again, book, person_id, policy_of, row

ID = "110105196006123424"
pytestmark = pytest.mark.django_db
BORN = date(1980, 2, 29)
# What notes what is done, what the lists work off, and what sums are appended to, is no part of a client.
SUMS = {"followups_agentwork", "followups_duework"}
NOTES = {"accounts_auditentry", "clients_merge", "followups_touched", *SUMS}


def digest() -> dict[str, str]:
    found = {}
    with connection.cursor() as cursor:
        for app in ("accounts", "clients", "policies", "followups"):
            for model in apps.get_app_config(app).get_models():
                table = model._meta.db_table
                if model._meta.managed and table not in NOTES:
                    cursor.execute(
                        f"SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM {table} t"
                    )
                    found[table] = hashlib.sha256(f"{cursor.fetchone()[0]}".encode()).hexdigest()
    return found


@pytest.fixture
def hang(make_policy: Any, make_followup: Any, alice: Any) -> Callable[[Client], None]:
    """Something of every model that refers to a client."""

    def one_of_each(client: Client) -> None:
        n = client.pk
        make_policy(client)
        make_followup(client)
        make_followup(client, rule=f"own-{n}", series="own")
        contact = Contact.objects.create(client=client, by=alice, on=TODAY - timedelta(days=n % 9))
        Escalation.objects.create(client=client, contact=contact, kind="manager", since=TODAY)
        for rule in ("lapsed", f"x{n}"):
            RuleMute.objects.create(
                client=client, rule=rule, until=TODAY, reason="x", by=alice, lifted_on=None
            )
        Planned.objects.create(client=client, words="送台历", first_on=TODAY, on=TODAY, by=alice)
        item, _ = StockItem.objects.get_or_create(name="贺卡", defaults={"unit_cost": 1})
        StockMove.objects.create(
            item=item, n=1, kind="given", unit_cost=1, client=client, by=alice, on=TODAY
        )
        festival, _ = Festival.objects.get_or_create(name="节", kind="solar", month=6, day=12)
        campaign, _ = Campaign.objects.get_or_create(festival=festival, on=TODAY, opens_on=TODAY)
        Greeting.objects.create(campaign=campaign, client=client)
        Known.objects.create(
            client=client, income=Decimal("120000.10") if n % 2 else None, aware=True
        )
        Mark.objects.create(client=client, indicator="means", on_target=True, by=alice)
        ClassOverride.objects.create(
            client=client, client_class="develop", reason="x", until=TODAY, by=alice
        )
        ClientClass.objects.create(**_classified(client))
        Moved.objects.create(client=client, what="mobile", on=TODAY)
        InfoCard.objects.create(
            client=client, profession="teacher" if n % 2 else "", hobbies="下棋"
        )
        Consent.objects.create(
            client=client, channel="call", state="granted", on=TODAY, evidence="口头", by=alice
        )
        FamilyMember.objects.create(client=client, kin="child", name=f"小{n}")
        FamilyMember.objects.create(client=client, kin="child", name="小明", month=6, day=3)
        KeyDate.objects.create(client=client, kind="wedding", month=6, day=n % 20 + 1)
        LifeEvent.objects.create(client=client, kind="birth", on=TODAY, note="n", by=alice)

    return one_of_each


def _classified(client: Client) -> dict[str, Any]:
    numbers = "value relation propensity confidence standing policies contacts".split()
    return {"client": client, "month": date(2026, 6, 1), **dict.fromkeys(numbers, 1)} | {
        field.name: 0
        for field in ClientClass._meta.concrete_fields
        if field.get_internal_type() in {"DecimalField", "PositiveSmallIntegerField"}
        and not field.null
    }


@pytest.fixture
def pair(make_client: Any, hang: Any) -> tuple[Client, Client]:
    born = date(1980, 2, 29)
    kept = make_client(
        name="陈志远",
        birth_on=born,
        mobile="13800138000",
        id_number=ID,
        note="爱下棋",
    )
    gone = make_client(
        name="陈志元",
        birth_on=born,
        mobile="13900139000",
        email="c@x.cn",
        do_not_contact=True,
        note="有猫",
    )
    home = Household.objects.create(name="陈家", main_client=gone)
    Client.objects.filter(pk__in=[gone.pk, make_client(name="陈母").pk]).update(household=home)
    FamilyMember.objects.create(client=kept, kin="sibling", name="志元", person=gone)
    Duplicate.objects.create(one=kept, other=gone, why=["birth"], score=3, found_at=timezone.now())
    for client in (kept, gone):
        hang(client)
        client.refresh_from_db()
    return kept, gone


def test_nothing_that_refers_to_a_client_can_be_forgotten() -> None:
    """The database says the same of itself: a model that is added later is moved along, too."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " WHERE c.contype = 'f' AND c.confrelid = 'clients_client'::regclass"
        )
        referring = set(cursor.fetchall())
    assert {(model._meta.db_table, fk.column) for model, fk in references(Client)} == referring


def test_all_that_hung_on_the_one_hangs_on_the_other(pair: Any, admin: Any) -> None:
    kept, gone = pair
    hung = [m for m, fk in references(Client) if m._base_manager.filter(**{fk.attname: gone.pk})]
    assert len(hung) >= 20
    merge(kept.pk, gone.pk, {}, admin)
    for model, fk in references(Client):
        assert not model._base_manager.filter(**{fk.attname: gone.pk}).exists(), model
    assert not Client.objects.filter(pk=gone.pk).exists()


def test_what_was_merged_is_two_again_to_the_letter(pair: Any, admin: Any) -> None:
    kept, gone = pair
    before = digest()
    done = merge(kept.pk, gone.pk, {"name": "gone", "mobile": "gone", "id_number": "kept"}, admin)
    after = digest()
    assert after != before
    unmerge(done.pk, admin)
    now = digest()
    assert {table for table in before if before[table] != now[table]} == set()
    assert not AgentWork.wrong(date.min, date.max) + DueWork.wrong(date.min, date.max)
    actions = AuditEntry.objects.filter(action="merge").order_by("pk")
    assert [entry.detail.get("taken_back") for entry in actions] == [None, done.pk]


def test_the_chosen_values_stand_and_a_no_is_never_lost_unasked(pair: Any, admin: Any) -> None:
    kept, gone = pair
    merge(kept.pk, gone.pk, {"name": "gone", "mobile": "kept"}, admin)
    kept.refresh_from_db()
    assert (kept.name, kept.pinyin) == ("陈志元", "chenzhiyuan")
    assert (kept.mobile, kept.email) == ("13800138000", "c@x.cn")
    assert kept.do_not_contact is True
    assert kept.note == "爱下棋\n有猫"
    assert kept.household.main_client == kept
    assert not FamilyMember.objects.filter(client=kept, person=kept).exists()
    assert Moved.objects.filter(client=kept).count() == 1
    assert (kept.known.income, kept.known.aware) == (Decimal("120000.10"), True)


def test_the_id_number_goes_along_and_comes_back(pair: Any, admin: Any) -> None:
    kept, gone = pair
    before = digest()
    done = merge(gone.pk, kept.pk, {}, admin)
    gone.refresh_from_db()
    assert gone.id_number == ID
    unmerge(done.pk, admin)
    assert digest() == before


def test_of_two_for_one_occasion_what_was_done_stands(pair: Any, admin: Any) -> None:
    kept, gone = pair
    FollowUp.objects.filter(client=gone, rule="birthday").update(
        status="done", done_on=TODAY, done_by=admin
    )
    Consent.objects.filter(client=gone).update(state="refused")
    merge(kept.pk, gone.pk, {}, admin)
    assert FollowUp.objects.get(client=kept, rule="birthday").status == "done"
    assert Consent.objects.get(client=kept).state == "refused"
    assert Policy.objects.filter(holder=kept).count() == 2


def test_what_came_since_stays_with_the_one_that_stayed(
    pair: Any, admin: Any, alice: Any, make_policy: Any
) -> None:
    kept, gone = pair
    done = merge(kept.pk, gone.pk, {"mobile": "gone", "address": "gone"}, admin)
    policy = make_policy(kept)
    Client.objects.filter(pk=kept.pk).update(mobile="13700137000")
    unmerge(done.pk, admin)
    kept.refresh_from_db()
    assert (kept.mobile, kept.email) == ("13700137000", "")
    assert policy in kept.policies.all()
    with pytest.raises(NotMerged):
        unmerge(done.pk, admin)


def test_merges_are_taken_back_like_a_pile(make_client: Any, admin: Any) -> None:
    one, two, three = (make_client() for _ in range(3))
    first = merge(one.pk, two.pk, {}, admin)
    second = merge(three.pk, one.pk, {}, admin)
    with pytest.raises(NotMerged):
        unmerge(first.pk, admin)
    unmerge(second.pk, admin)
    unmerge(first.pk, admin)
    assert Client.objects.filter(pk__in=[one.pk, two.pk, three.pk]).count() == 3


def test_an_id_number_that_somebody_else_has_by_now_is_told(make_client: Any, admin: Any) -> None:
    one, two = make_client(), make_client(id_number=ID)
    done = merge(one.pk, two.pk, {"id_number": "kept"}, admin)
    make_client(id_number=ID)
    with pytest.raises(NotMerged, match="证件号码"):
        unmerge(done.pk, admin)


def test_what_stood_there_is_forgotten_after_a_month(make_client: Any, admin: Any) -> None:
    done = merge(make_client().pk, make_client().pk, {}, admin)
    assert Merge.forget_old() == 0
    Merge.objects.update(at=timezone.now() - timedelta(days=merging.UNDO_DAYS + 1))
    assert Merge.forget_old() == 1
    done.refresh_from_db()
    assert not done.may_be_undone


def test_the_page_proposes_what_is_filled(make_client: Any) -> None:
    found = {s.name: s for s in sides(make_client(email=""), make_client(email="a@b.cn"))}
    assert found["email"].proposed == "gone"
    assert not found["address"].differs


@pytest.mark.parametrize("kept_id", [ID, ""])
def test_the_insurers_list_does_not_bring_back_who_was_merged(kept_id: str, admin: Any) -> None:
    """It goes on to name them as they were; the record that stayed keeps what was chosen."""
    right, wrong = person_id(1), person_id(2)
    rows = [row(id_number=kept_id and right, birth_on=BORN), row(holder_name="张叁", birth_on=BORN)]
    if kept_id:
        rows[1] = again(rows[1], id_number=wrong)
    book(*rows)
    kept, gone = (policy_of(each).holder for each in rows)
    merge(kept.pk, gone.pk, {}, admin)
    report = book(*rows, row(holder_name="张叁", birth_on=BORN, id_number=kept_id and wrong))
    assert (report.created_clients, report.updated_clients) == (0, 0)
    assert report.unchanged == 2
    client = Client.objects.get()
    assert (client.name, client.policies.count()) == ("张三", 3)
    assert client.id_number == (right if kept_id else "")
    moved_on = merge(make_other(admin).pk, client.pk, {"name": "kept"}, admin)
    assert book(rows[1]).created_clients == 0
    unmerge(moved_on.pk, admin)


def make_other(admin: Any) -> Client:
    return Client.objects.create(name="王五", agent=admin)
