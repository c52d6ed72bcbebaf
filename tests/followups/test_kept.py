"""What a phone may keep of the day, and what puts the product on its home screen."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from lib import dates

DAY = date(2026, 6, 12)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "today", lambda: DAY)


def test_names_and_work_are_kept_and_no_number(
    alice: Any,
    login: Any,
    make_client: Any,
    make_policy: Any,
    make_instalment: Any,
    make_followup: Any,
) -> None:
    client = make_client(name="陈志远", mobile="13812342046", address="文三路 259 号")
    instalment = make_instalment(make_policy(client), due_on=DAY)
    make_followup(client, policy=instalment.policy, instalment=instalment, series="premium", item=1)
    page = login(alice).get("/today/kept/").content.decode()
    assert "陈志远" in page
    telling = ("13812342046", "2046", "文三路", instalment.policy.policy_no, "csrf", "tel:")
    assert [word for word in telling if word in page] == []


def test_only_ones_own_list_is_kept(
    bob: Any, login: Any, make_client: Any, make_followup: Any
) -> None:
    make_followup(make_client(name="陈志远"))
    assert "陈志远" not in login(bob).get("/today/kept/").content.decode()


def test_twenty_clients_cost_the_queries_of_one(alice: Any, login: Any, make_followup: Any) -> None:
    browser = login(alice)

    def queries() -> int:
        make_followup()
        with CaptureQueriesContext(connection) as asked:
            assert browser.get("/today/kept/").status_code == 200
        return len(asked)

    one = queries()
    for _n in range(19):
        make_followup()
    assert queries() == one


def test_the_day_delivers_and_another_day_does_not(alice: Any, login: Any) -> None:
    browser = login(alice)
    assert b'id="outbox"' in browser.get("/today/").content
    assert b'id="outbox"' not in browser.get("/today/?on=2026-06-15").content


def test_the_manifest_names_icons_that_are_there() -> None:
    answer = Browser().get("/manifest.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    manifest = json.loads(answer.content)
    assert manifest["start_url"] == "/today/"
    for icon in manifest["icons"]:
        name = icon["src"].removeprefix(settings.STATIC_URL)
        content = (Path(settings.BASE_DIR) / "static" / name).read_bytes()
        width = int.from_bytes(content[16:20], "big")
        assert icon["sizes"] == f"{width}x{width}"
        assert len(content) < 8 * 1024
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}


def test_the_worker_lies_at_the_root_and_is_asked_for_anew() -> None:
    answer = Browser().get("/sw.js")
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in answer["Content-Security-Policy"]
