"""Every door, every person: who may open which page, and whose records lie behind it.

A new URL needs a line in DOORS; without one `test_every_door_has_a_rule` fails.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver, path, reverse
from django.utils import timezone

from accounts.models import CalendarFeed, ExportRequest
from accounts.scope import ScopedQuerySet
from crm.home import home
from lib import dates
from tests.conftest import TODAY

pytestmark = pytest.mark.django_db

EVERYONE = frozenset({"alice", "carol", "bob", "dora", "admin", "auditor"})
SERVING = EVERYONE - {"auditor"}
LEADERS = frozenset({"bob", "dora", "admin"})
AGENTS = frozenset({"alice", "carol"})
LEADING = frozenset({"bob", "dora"})
OFFICE = frozenset({"admin"})
SEES_ALICE = frozenset({"alice", "bob", "dora", "admin"})  # whoever may see what is Alice's
SEEN_BY = {
    "check": frozenset({"bob"}),  # whoever drew it
    "batch": OFFICE,
    "heading": OFFICE,
    "feed": EVERYONE,
    "festival": OFFICE,
    "item": OFFICE,
    "occasion": OFFICE,
    "export_of_alice": LEADERS,
    "own_export": frozenset({"alice"}),
}

OPEN = {200, 204, 301, 302, 303, 304, 400, 409, 422}  # let in, even if the form was not good enough
NAME = "归爱丽丝服务"  # the name of Alice's client: on no page of a person who may not see it
ORPHAN = "无人服务"


@dataclass(frozen=True)
class Door:
    """Who may open a URL (`roles`; the others get 403), and whose record it names.

    `record` names one of the `records` fixture, given as URL argument `arg` or, where it travels in
    the query or the form, as `query`. Whoever is not in `seen_by` gets 404 for it.
    """

    roles: frozenset[str] = EVERYONE
    record: str = ""
    arg: str = "pk"
    query: str = ""
    ask: str = ""  # what else the address says
    also: dict[str, int | str] = field(default_factory=dict)  # and which other arguments it has
    post: dict[str, str] = field(default_factory=dict)
    methods: str = "GET POST"
    strangers: bool = False
    empty: bool = False  # nothing lies behind it for the record of this test

    @property
    def seen_by(self) -> frozenset[str]:
        return SEEN_BY.get(self.record, SEES_ALICE) if self.record else EVERYONE

    def statuses(self, person: str, *, orphan: bool) -> set[int]:
        """What the person must be answered; a door may hide a record before it names the role."""
        sees = (OFFICE if orphan else self.seen_by) if self.record else EVERYONE
        if person in self.roles:
            return OPEN if person in sees and not self.empty else {404}
        return {403} if person in sees else {403, 404}


def of(record: str, roles: frozenset[str] = EVERYONE, methods: str = "GET", **more: Any) -> Door:
    return Door(roles=roles, record=record, methods=methods, **more)


DOORS: dict[str, Door] = {
    "home": Door(methods="GET"),
    "alive": Door(methods="GET", strangers=True),
    "ready": Door(methods="GET", strangers=True),
    "manifest": Door(methods="GET", strangers=True),
    "worker": Door(methods="GET", strangers=True),
    "login": Door(strangers=True),
    "logout": Door(methods="POST"),
    "theme": Door(methods="POST", post={"theme": "dark"}, strangers=True),
    "set_language": Door(methods="POST", post={"language": "en"}, strangers=True),
    "me": Door(methods="GET"),
    "single_keys": Door(methods="POST"),
    "starts_from": Door(methods="POST"),
    "calendar_feed": Door(methods="POST"),
    "calendar_revoke": Door(methods="POST"),
    "feed": of("feed", arg="secret", strangers=True),
    "audit_log": Door(roles=frozenset({"admin", "auditor"}), methods="GET"),
    "clients:list": Door(methods="GET"),
    "clients:new": Door(roles=SERVING),
    "clients:edit": of("client", methods="GET POST"),
    "clients:reveal": of(
        "client", methods="GET POST", ask="?field=mobile", post={"field": "mobile"}
    ),
    "clients:note": of("client", methods="POST", post={"note": "来电"}),
    "clients:quality": Door(roles=SERVING, methods="GET"),
    "clients:duplicates": Door(roles=LEADERS, methods="GET"),
    "clients:duplicates_look": Door(roles=OFFICE, methods="POST"),
    "clients:pair": of("pair", roles=LEADERS, methods="GET POST"),
    "clients:pair_by_hand": of("client", roles=LEADERS, methods="GET POST"),
    "clients:pair_different": of("pair", roles=LEADERS, methods="POST"),
    "clients:unmerge": of("merge", roles=LEADERS, methods="POST"),
    "client": of("client"),
    "planned_new": of("client", methods="GET POST", post={"words": "送台历"}),
    "planned_edit": of("planned", methods="GET POST", post={"words": "送台历"}),
    "planned_drop": of("planned", methods="POST"),
    "planned_back": of("planned", methods="POST"),
    "client_month": of("client", also={"year": 2026, "month": 6}),
    "client_review": of("client"),
    "client_consent": of("client", methods="GET POST"),
    "wake_up": Door(roles=SERVING, methods="GET"),
    "wake_up_spoken": of("client", methods="POST", post={"channel": "call"}),
    "policies:list": Door(methods="GET"),
    "policies:new": of("client", methods="GET POST", arg="", query="client"),
    "policies:edit": of("policy", methods="GET POST"),
    "policies:reveal": of(
        "policy", methods="GET POST", ask="?field=account", post={"field": "account"}
    ),
    "policies:paid": of("policy", roles=LEADERS, methods="GET POST"),
    "policies:waive": of("policy", roles=LEADERS, methods="GET POST"),
    "policies:loan": of("policy", roles=LEADERS, methods="GET POST"),
    "policies:mode": of("policy", roles=LEADERS, methods="GET POST"),
    "policies:part": of("policy", roles=LEADERS, methods="GET POST"),
    "policies:notice_due": of("policy"),
    "policies:notice_paid": of("policy"),
    "policies:notice_lapsed": of("policy"),
    "policy": of("policy"),
    "renewals": Door(roles=SERVING, methods="GET"),
    "reinstatements": Door(roles=SERVING, methods="GET"),
    "reinstatement": of("policy", methods="GET POST", post={"on": "2026-06-12"}),
    "persistency": Door(roles=SERVING, methods="GET"),
    "imports:list": Door(roles=OFFICE),
    "imports:batch": of("batch", roles=OFFICE),
    "imports:check": of("batch", roles=OFFICE, methods="GET POST"),
    "imports:run": of("batch", roles=OFFICE),
    "imports:result": of("batch", roles=OFFICE),
    "imports:map": of("batch", roles=OFFICE, methods="GET POST"),
    "imports:give": of("batch", roles=OFFICE, methods="POST"),
    "imports:make_agents": of("batch", roles=OFFICE, methods="POST"),
    "imports:give_back": of("batch", roles=OFFICE, methods="POST"),
    "imports:stop": of("batch", roles=OFFICE, methods="POST"),
    "imports:memory": Door(roles=OFFICE),
    "imports:memory_file": Door(roles=OFFICE, methods="GET"),
    "imports:forget": of("heading", roles=OFFICE, methods="POST"),
    "imports:undo": of("batch", roles=OFFICE, methods="GET POST"),
    "imports:discard": of("batch", roles=OFFICE, methods="POST"),
    "imports:refused": of("batch", roles=OFFICE, empty=True),
    "imports:refused_csv": of("batch", roles=OFFICE, empty=True),
    "bank:overview": Door(roles=LEADERS, methods="GET"),
    "bank:lines": Door(roles=LEADERS, methods="GET"),
    "bank:settle": of("bank_line", roles=LEADERS, methods="POST"),
    "bank:reinstate": of("bank_line", roles=LEADERS, methods="POST"),
    "bank:policy": of("bank_line", roles=LEADERS, methods="POST"),
    "bank:aside": of("bank_line", roles=LEADERS, methods="POST"),
    "bank:aside_many": Door(roles=LEADERS, methods="POST"),
    "bank:back": of("bank_line", roles=LEADERS, methods="POST"),
    "bank:branches": Door(roles=OFFICE, methods="POST"),
    "today": Door(methods="GET"),
    "calendar": Door(methods="GET"),
    "calendar_month": Door(methods="GET", also={"year": 2026, "month": 6}),
    "task_new": Door(methods="GET", ask="?q=客户"),
    "today_print": Door(methods="GET"),
    "today_kept": Door(methods="GET"),
    "day_pack": Door(methods="GET"),
    "day_pack_pdf": Door(methods="POST"),
    "today_route": Door(methods="GET"),
    "route_again": Door(methods="POST"),
    "route_stop": of("client", methods="POST", post={"do": "off"}),
    "today_focus": Door(methods="GET"),
    "today_focus_on": of("task"),
    "today_focus_skip": of("task", methods="POST"),
    "task": of("task"),
    "task_why": of("task"),
    "task_done": of("task", methods="POST"),
    "task_later": of("task", methods="GET POST"),
    "task_log": of("task", methods="GET POST", post={"outcome": "done", "channel": "call"}),
    "task_silence": of("task", methods="GET POST"),
    "mute_lift": of("mute", methods="POST"),
    "why_not": Door(methods="GET"),
    "client_why_not": of("client"),
    "outcomes": Door(roles=OFFICE, methods="GET POST"),
    "contact_undo": of("contact", methods="POST"),
    "client_member_new": of("client", methods="GET POST"),
    "client_member": of("member", methods="GET POST"),
    "client_household": of("client", methods="GET POST"),
    "client_date_new": of("client", methods="GET POST"),
    "client_date": of("key_date", methods="GET POST"),
    "client_event_new": of("client", methods="GET POST"),
    "client_event_remove": of("event", methods="POST"),
    "client_card": of("client", methods="GET POST"),
    "client_answer": of("client", methods="POST", post={"question": "hobbies", "answer": "下棋"}),
    "client_checked": of("client", methods="POST"),
    "client_stop": of("client", methods="POST", arg="client_id"),
    "policy_uncollected": of("policy", methods="GET POST"),
    "policy_authorisation": of("policy", methods="GET POST"),
    "policy_authorisation_print": of("policy"),
    "uncollected": Door(roles=SERVING, methods="GET"),
    "exports": Door(methods="GET"),
    "export": Door(roles=SERVING, also={"code": "clients"}, post={"form": "csv"}),
    "export_decide": of("export_of_alice", methods="POST"),
    "export_fetch": of("own_export", methods="POST"),
    "team": Door(roles=LEADERS, methods="GET"),
    "team_agent": of("agent", roles=LEADERS),
    "team_matters": Door(roles=LEADERS, methods="GET"),
    "team_matter_close": of("matter", roles=LEADERS, methods="POST"),
    "day_end": Door(roles=AGENTS),
    "log_book": Door(roles=AGENTS, methods="GET"),
    "log": of("log"),
    "log_review": of("log", roles=LEADERS, methods="POST"),
    "standard": Door(roles=SERVING, methods="GET"),
    "team_meeting": Door(roles=LEADING),
    "team_give": of("client", roles=LEADERS, methods="GET POST", arg="", query="client"),
    "progress": Door(roles=SERVING, methods="GET"),
    "progress_list": Door(roles=SERVING, methods="GET"),
    "handovers": Door(roles=LEADERS, methods="GET"),
    "handover_new": of("agent", roles=LEADERS, methods="GET POST", arg="", query="whose"),
    "handover": of("handover", roles=LEADERS),
    "handover_letters": of("handover", roles=LEADERS, methods="POST"),
    "handover_undo": of("handover", roles=LEADERS, methods="POST"),
    "handover_end": of("handover", roles=LEADERS, methods="POST"),
    "team_checks": Door(roles=LEADING, methods="GET"),
    "team_checks_draw": Door(roles=LEADING, methods="POST"),
    "team_check": of("check", roles=LEADING, methods="POST"),
    "team_check_swap": of("check", roles=LEADING, methods="POST"),
    "team_logs": Door(roles=LEADERS, methods="GET"),
    "classes": Door(roles=SERVING, methods="GET"),
    "classes_print": Door(roles=SERVING, methods="GET"),
    "classes_curve": Door(roles=LEADERS, methods="GET"),
    "classes_way": Door(roles=SERVING, methods="GET"),
    "service_tools": Door(roles=OFFICE, methods="GET"),
    "service_tool": Door(roles=OFFICE, also={"item": 2}),
    "service_rules": Door(roles=OFFICE),
    "class_rules": Door(roles=OFFICE),
    "greetings": Door(methods="GET"),
    "campaign": of("campaign"),
    "campaign_print": of("campaign", methods="POST"),
    "campaign_sent": of("campaign", methods="POST"),
    "greeting_sent": of("greeting", methods="POST"),
    "greeting_skip": of("greeting", methods="GET POST"),
    "greeting_words": of("greeting", methods="GET POST"),
    "greeting_undo": of("greeting", methods="POST"),
    "festivals": Door(roles=OFFICE, methods="GET"),
    "festival_new": Door(roles=OFFICE),
    "festival": of("festival", roles=OFFICE, methods="GET POST"),
    "festival_texts": of("festival", roles=OFFICE, methods="GET POST"),
    "texts": of("occasion", roles=OFFICE, methods="GET POST", arg="code"),
    "stock": Door(roles=OFFICE, methods="GET"),
    "stock_new": Door(roles=OFFICE),
    "stock_item": of("item", roles=OFFICE, methods="GET POST"),
    "stock_shelf": of("item", roles=OFFICE, methods="POST"),
    "class_set": of("client", methods="GET POST", post={"do": "lift"}),
    "client_marks": of("client", methods="GET POST", post={"indicator": "means", "says": "off"}),
}
SETTINGS_SITE = "admin"


def doors_under(
    patterns: list[URLPattern | URLResolver], namespace: str = ""
) -> Iterator[tuple[str, str]]:
    """Name and route of every URL but those of the settings site, which has its own test."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = ":".join(filter(None, [namespace, pattern.namespace or ""]))
            if inner != SETTINGS_SITE:
                yield from doors_under(pattern.url_patterns, inner)
        else:
            yield ":".join(filter(None, [namespace, pattern.name or ""])), str(pattern.pattern)


def without_rule(patterns: list[URLPattern | URLResolver]) -> list[str]:
    return [name or route for name, route in doors_under(patterns) if name not in DOORS]


@pytest.fixture
def people(
    alice: Any,
    bob: Any,
    carol: Any,
    dora: Any,
    admin: Any,
    auditor: Any,
    login: Callable[[Any], Browser],
) -> dict[str, Browser]:
    cast = {
        "alice": alice,
        "bob": bob,
        "carol": carol,
        "dora": dora,
        "admin": admin,
        "auditor": auditor,
    }
    return {name: login(user) for name, user in cast.items()}


def _records(agent: Any, name: str, make: dict[str, Any]) -> dict[str, int]:
    from clients.models import Contact

    client = make["client"](agent=agent, name=name)
    policy = make["policy"](client, insured_name=name)
    make["instalment"](policy, due_on=TODAY - timedelta(days=9))
    contact = Contact.objects.create(client=client, by=make["by"], on=TODAY)
    task = make["followup"](client, list_on=TODAY, keep_until=TODAY + timedelta(days=900))
    return {
        "client": client.pk,
        "policy": policy.pk,
        "contact": contact.pk,
        "task": task.pk,
        **around(client, make["by"]),
        **of_the_day(contact, make["by"]),
        "bank_line": bank_line_of(policy),
        "planned": planned_for(client, make["by"]),
        **twice(client, make["client"](agent=agent, name=name), make["by"]),
    } | greeting_of(client)


def greeting_of(client: Any) -> dict[str, int]:
    """A campaign with this client alone."""
    from followups.models import Campaign, Festival, Greeting

    festival = Festival.objects.create(name=f"第{client.pk}节", kind="solar", month=6, day=12)
    campaign = Campaign.objects.create(festival=festival, on=TODAY, opens_on=TODAY)
    greeting = Greeting.objects.create(campaign=campaign, client=client)
    return {"campaign": campaign.pk, "greeting": greeting.pk}


def twice(client: Any, other: Any, by: Any) -> dict[str, int]:
    """Two records that may be one person, and one that took in another."""
    from clients.models import Duplicate, Merge

    at = {"found_at": timezone.now()}
    pair = Duplicate.objects.create(one=client, other=other, why=["name"], score=3, **at)
    names = {"kept_name": client.name, "gone_name": client.name}
    gone = client.pk + 1_000_000
    merged = Merge.objects.create(kept_pk=client.pk, gone_pk=gone, by=by, **names)
    return {"pair": pair.pk, "merge": merged.pk}


def around(client: Any, by: Any) -> dict[str, int]:
    from clients.models import FamilyMember, KeyDate, LifeEvent

    of = {"client": client, "month": 6, "day": 3}
    return {
        "member": FamilyMember.objects.create(kin="child", name=client.name, **of).pk,
        "key_date": KeyDate.objects.create(kind="own", label=client.name, **of).pk,
        "event": LifeEvent.objects.create(client=client, kind="birth", on=TODAY, by=by).pk,
    }


def planned_for(client: Any, by: Any) -> int:
    from followups.models import Planned

    task = {"words": "送台历", "first_on": TODAY, "on": TODAY, "by": by}
    return Planned.objects.create(client=client, **task).pk


def of_the_day(contact: Any, by: Any) -> dict[str, int]:
    from followups.models import Escalation, RuleMute

    client, until = contact.client, TODAY + timedelta(days=9)
    muted = RuleMute.objects.create(client=client, rule="lapsed", until=until, reason="x", by=by)
    matter = Escalation.objects.create(client=client, contact=contact, kind="manager", since=TODAY)
    return {"mute": muted.pk, "matter": matter.pk}


def bank_line_of(policy: Any) -> int:
    """A line of a return file that waits for a person."""
    from policies.models import BankRow, ImportBatch

    batch = ImportBatch.objects.create(insurer=policy.insurer, name="bank.xlsx", state="applied")
    said = {"reference": policy.policy_no, "amount": 7, "returned_on": TODAY, "ok": True}
    return BankRow.objects.create(
        batch=batch, row=2, policy=policy, state="ambiguous", why="amount", digest=policy.pk, **said
    ).pk


def batch_of(user: Any, folder: Path) -> int:
    """A checked book that waits for its confirmation."""
    from policies.batches import ImportBatch
    from policies.models import Insurer

    counts = ("created_clients", "created_policies", "updated_policies", "unchanged")
    return ImportBatch.objects.create(
        insurer=Insurer.usual(),
        file=str(folder / "book.csv"),
        name="book.csv",
        state=ImportBatch.State.CHECKED,
        report=dict.fromkeys((*counts, "rejected_rows", "warned_rows"), 0),
        uploaded_by=user,
    ).pk


@pytest.fixture
def records(
    alice: Any,
    bob: Any,
    admin: Any,
    tmp_path: Path,
    settings: Any,
    make_client: Any,
    make_policy: Any,
    make_instalment: Any,
    make_followup: Any,
) -> dict[str, int]:
    make = {
        "client": make_client,
        "policy": make_policy,
        "instalment": make_instalment,
        "followup": make_followup,
        "by": admin,
    }
    settings.MEDIA_ROOT = tmp_path
    orphans = _records(None, ORPHAN, make)
    own = _records(alice, NAME, make)
    own |= office_records()
    own |= {"agent": alice.pk, "batch": batch_of(admin, tmp_path), "feed": CalendarFeed.make(alice)}
    asked = ExportRequest.objects.create(asker=alice, listing="clients", rows=501, form="csv")
    own |= {"export_of_alice": asked.pk, "own_export": asked.pk}
    from policies.models import HeadingMemory, Insurer

    HeadingMemory.learn(Insurer.usual().pk, "issued", {"备注2": ""}, admin)
    own |= {"heading": HeadingMemory.objects.get().pk}
    own |= {"handover": handover_of(alice, admin)}
    own |= {"log": log_of(alice), "check": check_of(own["contact"], bob)}
    return own | {f"orphan {key}": pk for key, pk in orphans.items()}


def handover_of(agent: Any, by: Any) -> int:
    from clients.models import Handover

    return Handover.objects.create(from_agent=agent, by=by, reason="holiday", on=dates.today()).pk


def check_of(contact: int, leader: Any) -> int:
    from followups.models import SpotCheck

    on = dates.today()
    return SpotCheck.objects.create(leader=leader, on=on, contact_id=contact, why="chance").pk


def log_of(agent: Any) -> int:
    from followups.models import DayLog

    words = {"summary": NAME, "handed_in_at": timezone.now()}
    return DayLog.objects.create(agent=agent, on=dates.today(), **words).pk


def office_records() -> dict[str, Any]:
    from followups.models import Festival, StockItem

    return {
        "festival": Festival.objects.order_by("pk")[0].pk,
        "item": StockItem.objects.create(name="贺卡", unit_cost=1).pk,
        "occasion": "birthday",
    }


def address(name: str, door: Door, records: dict[str, int], *, orphan: bool = False) -> str:
    if not door.record:
        return reverse(name, kwargs=door.also) + door.ask
    pk = records[f"orphan {door.record}" if orphan else door.record]
    if door.query:
        return f"{reverse(name)}?{door.query}={pk}"
    return reverse(name, kwargs={door.arg: pk} | door.also) + door.ask


def knock(browser: Browser, method: str, url: str, door: Door) -> Any:
    """Try the door and take back whatever it did."""
    with transaction.atomic():
        response = browser.get(url) if method == "GET" else browser.post(url, door.post)
        transaction.set_rollback(True)
    return response


def fingerprint() -> dict[str, Any]:
    """What the office has recorded; sessions and login attempts are not part of it."""
    tables = [
        model._meta.db_table
        for app in ("accounts", "clients", "policies", "followups")
        for model in apps.get_app_config(app).get_models()
        if model._meta.managed
    ]
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*), sum(hashtext(t::text)::bigint) FROM {table} AS t")
            found[table] = cursor.fetchone()
    return found


def check_door(name: str, door: Door, people: dict[str, Browser], records: dict[str, int]) -> None:
    kinds = [False, True] if f"orphan {door.record}" in records else [False]
    for person, browser in people.items():
        for orphan in kinds:
            url = address(name, door, records, orphan=orphan)
            for method in door.methods.split():
                answer = knock(browser, method, url, door)
                wanted = door.statuses(person, orphan=orphan)
                assert answer.status_code in wanted, (
                    f"{person} {method} {url}: {answer.status_code}"
                )
                _check_names(person, url, answer)


def _check_names(person: str, url: str, answer: Any) -> None:
    words = b"".join(answer) if answer.streaming else answer.content
    if person not in SEES_ALICE:
        assert NAME.encode() not in words, f"{person} reads about Alice's client at {url}"
    if person not in OFFICE:
        assert ORPHAN.encode() not in words, f"{person} reads about an orphan at {url}"


@pytest.mark.parametrize("name", DOORS)
def test_a_door_opens_for_whom_it_is_meant(
    name: str, people: dict[str, Browser], records: dict[str, int]
) -> None:
    check_door(name, DOORS[name], people, records)


@pytest.mark.parametrize("name", DOORS)
def test_a_stranger_is_asked_to_log_in(name: str, records: dict[str, int]) -> None:
    door = DOORS[name]
    url = address(name, door, records)
    for method in door.methods.split():
        answer = knock(Browser(), method, url, door)
        if door.strangers:
            assert answer.status_code in OPEN
        else:
            assert answer.status_code == 302, f"{method} {url}: {answer.status_code}"
            assert answer["Location"].startswith(reverse("login"))


@pytest.mark.parametrize("name", [name for name, door in DOORS.items() if "GET" in door.methods])
def test_looking_changes_nothing(
    name: str, people: dict[str, Browser], records: dict[str, int]
) -> None:
    url = address(name, DOORS[name], records)
    before = fingerprint()
    for browser in people.values():
        browser.get(url)
    assert fingerprint() == before


@pytest.mark.parametrize(
    "name", [name for name, door in DOORS.items() if "GET" not in door.methods]
)
def test_what_acts_cannot_be_opened_by_a_link(
    name: str, people: dict[str, Browser], records: dict[str, int]
) -> None:
    url = address(name, DOORS[name], records)
    for browser in people.values():
        assert browser.get(url).status_code == 405


def test_every_door_has_a_rule() -> None:
    assert without_rule(get_resolver().url_patterns) == []


def test_no_rule_names_a_door_that_is_gone() -> None:
    there = {name for name, _ in doors_under(get_resolver().url_patterns)}
    assert set(DOORS) - there == set()


def test_a_door_without_a_rule_is_noticed() -> None:
    new = path("secret/", home, name="secret")
    nameless = path("nameless/", home)
    assert without_rule([new, nameless]) == ["secret", "nameless/"]


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, door in DOORS.items()
        if door.record in {"client", "policy", "task", "contact"}
    ],
)
def test_a_door_that_forgot_whose_records_they_are_is_noticed(
    name: str, people: dict[str, Browser], records: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScopedQuerySet, "visible_to", lambda rows, user: rows)
    with pytest.raises(AssertionError):
        check_door(name, DOORS[name], people, records)


@pytest.mark.parametrize("person", sorted(EVERYONE))
def test_the_settings_site_opens_for_administrators_who_may(
    person: str, people: dict[str, Browser], admin: Any
) -> None:
    admin.is_staff = True
    admin.save()
    pages = [
        "admin:index",
        "admin:accounts_user_changelist",
        "admin:accounts_user_add",
        "admin:accounts_team_changelist",
        "admin:accounts_auditentry_changelist",
        "admin:policies_product_changelist",
        "admin:policies_insurer_changelist",
        "admin:followups_serviceplan_changelist",
        "admin:followups_listrun_changelist",
    ]
    for name in pages:
        answer = people[person].get(reverse(name))
        assert answer.status_code == (200 if person == "admin" else 302), name


def test_even_staff_of_another_role_find_nothing_in_the_settings(
    people: dict[str, Browser], alice: Any
) -> None:
    alice.is_staff = True
    alice.save()
    for name in ("accounts_user", "accounts_team", "policies_product", "followups_serviceplan"):
        assert people["alice"].get(reverse(f"admin:{name}_changelist")).status_code == 403
