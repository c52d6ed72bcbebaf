"""What stands around every page: product name, theme, and where this person can go."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import ExportRequest, User
from accounts.views import THEMES
from clients.models import Rhythm
from clients.rhythm import the_rhythm
from followups import campaign_lines
from followups.models import FollowUp
from lib import dates


class Place(NamedTuple):
    label: str | Promise
    icon: str
    url_name: str


TODAY = Place(_("Today"), "check2-circle", "today")
CALENDAR = Place(_("Calendar"), "calendar3", "calendar")
CLIENTS = Place(_("Clients"), "people", "clients:list")
POLICIES = Place(_("Policies"), "file-text", "policies:list")
TEAM = Place(_("Team today"), "speedometer2", "team")
RENEWALS = Place(_("Renewals"), "arrow-repeat", "renewals")
CLASSES = Place(_("Classification"), "grid-3x3-gap", "classes")
WAKE_UP = Place(_("Wake-up list"), "moon-stars", "wake_up")
PERSISTENCY = Place(_("Persistency"), "graph-up", "persistency")
UNCOLLECTED = Place(_("Uncollected"), "journal-text", "uncollected")
BANK = Place(_("Bank returns"), "bank", "bank:overview")
IMPORTS = Place(_("Import"), "cloud-upload", "imports:list")
GREETINGS = Place(_("Greetings"), "balloon-heart", "greetings")
FESTIVALS = Place(_("Festivals and texts"), "balloon-heart", "festivals")
NEW_CLIENT = Place(_("New client"), "plus-lg", "clients:new")
LOG_BOOK = Place(_("Log book"), "journal-check", "log_book")
CHECKS = Place(_("Spot checks"), "search-heart", "team_checks")
LOGS = Place(_("Log review"), "journal-check", "team_logs")
MEETING = Place(_("Morning meeting"), "sunrise", "team_meeting")
PROGRESS = Place(_("Progress"), "check2-all", "progress")
STANDARD = Place(_("311 of the month"), "list-ol", "standard")
HANDOVERS = Place(_("Handovers"), "arrow-left-right", "handovers")
MATTERS = Place(_("Handed up"), "flag", "team_matters")
DUPLICATES = Place(_("Duplicates"), "person-check", "clients:duplicates")
EXPORTS = Place(_("Exports"), "download", "exports")
AUDIT = Place(_("Audit log"), "clock-history", "audit_log")
SERVICE_RULES = Place(_("Service plan"), "layout-three-columns", "service_rules")
SERVICE_TOOLS = Place(_("Tools and scripts"), "bag-check", "service_tools")
CLASS_RULES = Place(_("Limits of the classes"), "funnel", "class_rules")
SETTINGS = Place(_("Rules, people and teams"), "sliders", "admin:index")
ME = Place(_("Me"), "person-circle", "me")

OF_ADMINISTRATORS = (
    IMPORTS, CLIENTS, POLICIES, TEAM, LOGS, MATTERS, HANDOVERS, STANDARD, PROGRESS, RENEWALS,
    CLASSES, FESTIVALS, WAKE_UP, BANK, UNCOLLECTED, PERSISTENCY, SERVICE_RULES, SERVICE_TOOLS,
    CLASS_RULES, DUPLICATES, EXPORTS, AUDIT,
)  # fmt: skip
OF_LEADERS = (
    TEAM, CHECKS, LOGS, MEETING, MATTERS, HANDOVERS, STANDARD, PROGRESS, CALENDAR, CLIENTS,
    POLICIES, RENEWALS, CLASSES, GREETINGS, WAKE_UP, BANK, UNCOLLECTED, PERSISTENCY, DUPLICATES,
    EXPORTS,
)  # fmt: skip
OF_AGENTS = (
    TODAY, CALENDAR, CLIENTS, POLICIES, RENEWALS, CLASSES, GREETINGS, WAKE_UP, PERSISTENCY,
    LOG_BOOK, STANDARD, PROGRESS,
)  # fmt: skip


def places_of(user: User) -> list[Place]:
    """Where this role works; the first place is its home."""
    if user.audits:
        return [AUDIT]
    if user.administers:
        return [*OF_ADMINISTRATORS, *([SETTINGS] if user.is_staff else [])]
    return [*(OF_LEADERS if user.leads else OF_AGENTS)]


def tabs_of(user: User) -> list[Place]:
    """The phone's tab bar: at most five, the middle one makes something new."""
    places = [place for place in places_of(user) if place is not SETTINGS][:3]
    if CALENDAR in places:  # where the thumb of an agent looks for it: behind the middle
        places = [*(place for place in places if place is not CALENDAR), CALENDAR]
    new = [] if user.audits else [NEW_CLIENT]
    return [*places[:2], *new, *places[2:], ME]


def shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    chosen = request.COOKIES.get("theme", "") or getattr(user, "theme", "")
    context: dict[str, Any] = {
        "product_name": settings.PRODUCT_NAME,
        "theme": chosen if chosen in THEMES else "system",
        "quiet": quiet_hours(),
    }
    if isinstance(user, User):
        counted = getattr(request, "left_today", None)
        counts = {
            TODAY.url_name: open_today(user) if counted is None else lambda: counted,
            EXPORTS.url_name: cache(ExportRequest.objects.to_decide(user).count),
        }
        context["nav"] = [{"label": "", "items": _items(places_of(user), request.path, counts)}]
        context["tabs"] = _items(tabs_of(user), request.path, counts)
    return context


def quiet_hours() -> Callable[[], Rhythm | None]:
    """The office's quiet hours while they last; asked only by pages that offer a call."""

    def quiet() -> Rhythm | None:
        rhythm = the_rhythm()
        return rhythm if rhythm.is_quiet(timezone.localtime()) else None

    return cache(quiet)


def open_today(user: User) -> Callable[[], int]:
    """How much is open on the user's own list; counted once, and only if the page shows it."""
    mine = FollowUp.objects.open().filter(client__agent=user).visible_to(user)
    today = dates.today()
    rows = mine.on(today).order_by().values("pk")
    return cache(rows.union(campaign_lines.left_today(user, today), all=True).count)


def _items(
    places: list[Place], path: str, counts: dict[str, Callable[[], int]]
) -> list[dict[str, Any]]:
    items = []
    urls = {place: reverse(place.url_name) for place in places}
    here = max((url for url in urls.values() if path.startswith(url)), key=len, default="")
    for place, url in urls.items():
        items.append(
            {
                "label": place.label,
                "icon": place.icon,
                "url": url,
                "current": url == here,
                "name": place.url_name,
                "count": counts.get(place.url_name),
            }
        )
    return items
