"""The cast: Alice serves her clients, Bob leads her team, Carol works elsewhere."""

import itertools
import os
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client as Browser
from django.utils import translation
from hypothesis import settings as hypothesis

TODAY = date(2026, 6, 12)
PASSWORD = "evergreen-garden-7"
_numbers = itertools.count(1)

# A run tries the examples of the last one, so that it says something about the change and not about
# its luck; `EXPLORE=yes make test` looks for new ones.
hypothesis.register_profile("same", derandomize=True)
hypothesis.register_profile("explore", hypothesis.get_profile("default"), derandomize=False)
hypothesis.load_profile("explore" if os.environ.get("EXPLORE") else "same")


def pytest_configure(config: pytest.Config) -> None:
    """Bring our own PostgreSQL unless the environment names one."""
    os.environ.setdefault("DEMO", "1")
    if os.environ.get("DATABASE_URL"):
        return
    from tests import servers

    servers.begin(config)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests with real transactions empty every table after them, the audit's too."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditentry DISABLE TRIGGER audit_is_never_emptied")


@pytest.fixture(autouse=True)
def _quick_and_local(settings: Any) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CELERY_TASK_ALWAYS_EAGER = True
    settings.REMEMBERED_SECONDS = 0
    translation.deactivate()  # whatever the page of an earlier test was read in


def _user(staff_no: str, name: str, role: str, team: Any) -> Any:
    from accounts.models import User

    return User.objects.create(
        staff_no=staff_no,
        name=name,
        role=role,
        team=team,
        password=make_password(PASSWORD, hasher="md5"),
    )


@pytest.fixture
def branch(db: None) -> Any:
    from accounts.models import Team

    return Team.objects.create(name="省分公司", kind="branch")


@pytest.fixture
def group(branch: Any) -> Any:
    from accounts.models import Team

    department = Team.objects.create(name="西湖部", kind="department", parent=branch)
    return Team.objects.create(name="西湖三部", parent=department)


@pytest.fixture
def other_group(branch: Any) -> Any:
    from accounts.models import Team

    return Team.objects.create(name="拱墅一部", parent=branch)


@pytest.fixture
def alice(group: Any) -> Any:
    return _user("A1", "林晓芸", "agent", group)


@pytest.fixture
def bob(group: Any) -> Any:
    return _user("S1", "周建国", "supervisor", group)


@pytest.fixture
def carol(other_group: Any) -> Any:
    return _user("A2", "何俊杰", "agent", other_group)


@pytest.fixture
def dora(branch: Any) -> Any:
    return _user("M1", "冯思远", "manager", branch)


@pytest.fixture
def admin(branch: Any) -> Any:
    return _user("ADM", "系统管理员", "administrator", branch)


@pytest.fixture
def auditor(branch: Any) -> Any:
    return _user("AUD", "审计员", "auditor", branch)


@pytest.fixture
def login(db: None) -> Callable[[Any], Browser]:
    def log_in(user: Any) -> Browser:
        browser = Browser()
        browser.force_login(user, backend="accounts.backends.StaffNumberOrMobile")
        return browser

    return log_in


@pytest.fixture
def make_client(alice: Any) -> Callable[..., Any]:
    from clients.models import Client

    def make(**fields: Any) -> Any:
        n = next(_numbers)
        usual = {"name": f"陈志远{n}", "agent": alice, "mobile": f"138{n:08d}"}
        return Client.objects.create(**(usual | fields))

    return make


@pytest.fixture
def make_policy(make_client: Callable[..., Any]) -> Callable[..., Any]:
    from policies.models import Insurer, Policy, Product

    def make(holder: Any = None, **fields: Any) -> Any:
        insurer = Insurer.usual()
        kind = fields.pop("kind", "whole_life")
        product, _ = Product.objects.get_or_create(
            insurer=insurer, name=f"安心 {kind}", defaults={"kind": kind}
        )
        usual = {
            "insurer": insurer,
            "policy_no": f"P{next(_numbers):012d}",
            "product": product,
            "premium": Decimal("6820.00"),
            "premium_mode": "yearly",
            "pay_years": 20,
            "effective_on": date(2021, 4, 17),
            "receipt_signed_on": date(2021, 4, 29),
        }
        return Policy.objects.create(holder=holder or make_client(), **(usual | fields))

    return make


@pytest.fixture
def make_instalment(make_policy: Callable[..., Any]) -> Callable[..., Any]:
    from lib import dates
    from policies.models import Instalment

    def make(policy: Any = None, due_on: date = TODAY, **fields: Any) -> Any:
        policy = policy or make_policy()
        ends = fields.pop("grace_ends_on", due_on + timedelta(days=60))
        made = Instalment.objects.create(
            policy=policy,
            due_on=due_on,
            grace_ends_on=ends,
            amount=fields.pop("amount", policy.premium),
            **fields,
        )
        if made.paid_on is None:
            policy.next_due_on, policy.lapses_on = due_on, ends + timedelta(days=1)
            policy.reinstate_by = dates.add_years(ends, 2)
            policy.save(update_fields=["next_due_on", "lapses_on", "reinstate_by"])
        return made

    return make


@pytest.fixture
def make_followup(make_client: Callable[..., Any]) -> Callable[..., Any]:
    from followups.models import FollowUp

    def make(client: Any = None, **fields: Any) -> Any:
        usual = {
            "rule": "birthday",
            "series": "birthday",
            "item": 10,
            "priority": 3,
            "occasion_on": TODAY,
            "list_on": TODAY,
            "keep_until": TODAY,
        }
        return FollowUp.objects.create(client=client or make_client(), **(usual | fields))

    return make
