"""A browser, a running office with a small demo branch, and people who look at its pages."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.journeys.kept import Kept

SHOTS = Path(__file__).parents[2] / "var" / "shots"
PHONE, DESKTOP = (390, 844), (1440, 900)
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
BIRTHDAY_CLIENT = "常春生"
PATIENCE = 20_000  # milliseconds, on a machine that has much else to do
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every journey is in a browser, and sees what its office commits."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True, serialized_rollback=True))


@pytest.fixture(scope="session")
def chromium(django_db_setup: None) -> Iterator[Browser]:
    from django.db import connections

    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        pytest.skip("no browser: install chromium, or name one in CHROMIUM")
    # Playwright keeps an event loop in this thread; Django would refuse its database there.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    # Where a loop runs, Django also keeps its connections apart: hand on the one we have.
    ours = connections["default"]
    with sync_playwright() as playwright:
        connections["default"] = ours
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass
class Office:
    """The running product with its demo branch."""

    url: str
    chromium: Browser
    today: Any
    birthday: Any
    payers: list[Any]
    log_in: Callable[[Any], Any]
    cut_off: bool = False  # while a journey does without the net, the browser may complain of it
    contexts: list[BrowserContext] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    last_contact: int = 0  # of those that the demo tells of

    def __post_init__(self) -> None:
        from clients.models import Contact

        self.last_contact = Contact.objects.order_by("pk").values_list("pk", flat=True).last() or 0

    def contacts_with(self, client: Any) -> Any:
        """What was recorded on this journey, and not taken back."""
        return self.sent_about(client).filter(undone_at=None)

    def sent_about(self, client: Any) -> Any:
        """What arrived on this journey, taken back or not."""
        from clients.models import Contact

        return Contact.objects.filter(client=client, pk__gt=self.last_contact)

    def user(self, staff_no: str) -> Any:
        from accounts.models import User

        return User.objects.get(staff_no=staff_no)

    def open(
        self,
        staff_no: str = "",
        size: tuple[int, int] = DESKTOP,
        *,
        language: str = "en",
        theme: str = "light",
        **more: Any,
    ) -> Page:
        """A page for this person, already signed in unless nobody is named."""
        width, height = size
        context = self.chromium.new_context(
            viewport={"width": width, "height": height}, has_touch=width < 500, **more
        )
        cookies = {"django_language": language, "theme": theme}
        if staff_no:
            cookies["sessionid"] = self.log_in(self.user(staff_no)).cookies["sessionid"].value
        context.add_cookies([{"name": n, "value": v, "url": self.url} for n, v in cookies.items()])
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        self._watch(page)
        return page

    def _watch(self, page: Page) -> None:
        """No script may fail, no rule of the page's own may be broken, and nothing leaves the house."""

        def asked(request: Any) -> None:
            if not request.url.startswith((self.url, "data:")):
                self.faults.append(f"a request left the office: {request.url}")

        def told(message: Any) -> None:
            if message.type == "error" and not self.cut_off:
                self.faults.append(f"{page.url}: {message.text}")

        page.context.on("request", asked)
        page.on("console", told)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))


# A sheet that is still fading in has fainter colours than it will have. What turns for ever, or
# never begins, is not waited for.
STILL = """() => Promise.race([
  Promise.allSettled(document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().endTime < Infinity)
    .map((one) => one.finished)),
  new Promise((go) => setTimeout(go, 1000)),
]).then(() => null)"""


def follow(link: Locator) -> None:
    """Click, and stand on the next page before anything else is asked: a click alone waits for nothing."""
    with link.page.expect_navigation():
        link.click()


def barriers(page: Page) -> list[str]:
    """What would keep somebody out of this page once it stands still, as axe sees it."""
    page.evaluate(STILL)
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


@pytest.fixture(scope="session")
def branches() -> dict[Any, tuple[Kept, int, list[int]]]:
    """The branch of each day once it has been made: every journey begins with the same."""
    return {}


@pytest.fixture
def demo_branch(transactional_db: None, branches: Any) -> tuple[Any, list[Any]]:
    """The demo branch, small; a client with a birthday today, and two who owe a premium."""
    from clients.models import Client
    from lib import dates

    today = dates.today()
    if today in branches:
        branches[today][0].bring_back()
    else:
        birthday, payers = make_branch(today)
        branches[today] = (Kept(), birthday, payers)
    _kept, birthday, payers = branches[today]
    return Client.objects.get(pk=birthday), list(
        Client.objects.filter(pk__in=payers).order_by("pk")
    )


def make_branch(today: Any) -> tuple[int, list[int]]:
    from crm import demo
    from followups import daily

    demo.load(clients=60, seed=1, today=today)
    birthday = with_a_birthday(today)
    daily.write_again(today, today + timedelta(days=1))
    payers = owing_a_premium(today, birthday)
    daily.write_again(today, today + timedelta(days=1))
    return birthday, payers


def with_a_birthday(today: Any) -> int:
    """A client whom nobody has greeted yet."""
    from clients.models import Client
    from lib import dates

    own = Client.objects.filter(agent__staff_no="A1001")
    idle = own.exclude(followups__status="open").exclude(contacts__on=today)
    client = idle.filter(policies__status="in_force").distinct().order_by("pk")[0]
    client.name = BIRTHDAY_CLIENT
    client.birth_on = dates.birthday_in(today.year - 40, today.month, today.day)
    client.birthday_calendar = Client.Calendar.SOLAR
    client.household = None  # a stop of their own
    client.save()
    return client.pk


def owing_a_premium(today: Any, birthday: int) -> list[int]:
    """Two clients of A1001 of whom nothing is wanted but a premium, half of its grace gone."""
    from clients.models import Client
    from crm import demo_money
    from policies.models import Instalment

    paying = Instalment.objects.owed().filter(due_on__gt=today, policy__status="in_force")
    behind = Instalment.objects.owed().filter(due_on__lte=today)
    own = Client.objects.filter(agent__staff_no="A1001").exclude(pk=birthday)
    idle = own.exclude(followups__status="open").exclude(contacts__on=today)
    idle = idle.exclude(pk__in=behind.values("policy__holder"))
    found = list(idle.filter(pk__in=paying.values("policy__holder")).order_by("pk")[:2])
    for client in found:
        Client.objects.filter(pk=client.pk).update(household=None)
        due = paying.filter(policy__holder=client).order_by("due_on")[0]
        demo_money.owe(due.policy, today - timedelta(days=30))
        due.policy.save()
        due.due_on = due.policy.next_due_on
        due.grace_ends_on = due.due_on + timedelta(days=demo_money.GRACE_DAYS)
        due.save()
    return [client.pk for client in found]


@pytest.fixture
def office(
    demo_branch: tuple[Any, list[Any]],
    live_server: Any,
    chromium: Browser,
    login: Any,
    settings: Any,
    tmp_path: Path,
) -> Iterator[Office]:
    from lib import dates

    settings.MEDIA_ROOT = tmp_path
    url = live_server.url.replace("localhost", "127.0.0.1")
    made = Office(url, chromium, dates.today(), *demo_branch, login)
    yield made
    SHOTS.mkdir(parents=True, exist_ok=True)
    for context in made.contexts:
        context.close()
    assert not made.faults, made.faults


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Callable[[Page], None]:
    """Keep a picture of the page, named after the journey."""

    def take(page: Page, name: str = "") -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.wait_for_load_state()  # no picture can be taken while one page gives way to another
        page.screenshot(path=SHOTS / f"{request.node.name}{name and '-'}{name}.png")

    return take
