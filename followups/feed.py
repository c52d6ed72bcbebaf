"""The list in somebody's own calendar: masked names and services, and nothing else about anybody."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain, groupby, islice

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.models import CalendarFeed, User, digest_of
from clients.models import Client
from followups import campaign_lines, foreseen
from followups.agenda import task_of
from followups.models import FollowUp, Planned
from lib import dates, ics
from lib.masking import mask_name, without_numbers
from lib.pace import Pace

ONE_DAY = timedelta(days=1)
AHEAD = timedelta(days=30)
MOST_ROWS, MOST_EVENTS = 3000, 1000  # no feed grows beyond what a phone's calendar takes in
PACE = Pace(times=30, seconds=300)


@login_not_required
@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Whoever has the secret reads its owner's days: nobody logs in a calendar."""
    user = CalendarFeed.reader(secret)
    if user is None:
        raise Http404
    if not PACE.allows(digest_of(secret)):
        return HttpResponse(status=429, headers={"Retry-After": "300"})
    with translation.override(user.language or settings.LANGUAGE_CODE):
        body = calendar_of(user, dates.today(), request.build_absolute_uri("/"))
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["ETag"] = etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response["Cache-Control"] = "private, no-cache"
    response["X-Robots-Tag"] = "noindex"
    return get_conditional_response(request, etag=etag, response=response) or response


def calendar_of(user: User, today: date, site: str = "/") -> bytes:
    # Stamped with the day and not with the moment: what has not changed stays the same file.
    stamp = timezone.make_aware(datetime.combine(today, time.min))
    site = site.rstrip("/")
    events = islice(chain(_campaigns(user, today, site), _events(user, today, site)), MOST_EVENTS)
    return ics.calendar(_("Follow-ups · %(name)s") % {"name": user.name}, events, stamp)


@dataclass(frozen=True, order=True)
class Entry:
    """One service for one client on one day."""

    day: date
    client: int
    priority: int
    words: str


def _events(user: User, today: date, site: str) -> Iterator[ics.Event]:
    entries = sorted({*_written(user, today), *_foreseen(user, today)})
    clients = Client.objects.visible_to(user).filter(pk__in={entry.client for entry in entries})
    names = dict(clients.values_list("pk", "name"))
    for (day, client), group in groupby(entries, key=lambda entry: (entry.day, entry.client)):
        if client not in names:
            continue  # handed over between two queries
        words = dict.fromkeys(nobodys(entry.words, names[client]) for entry in group)
        yield ics.Event(
            uid=salted_hmac("calendar", f"{user.pk} {client} {day}").hexdigest(),
            day=day,
            summary=f"{mask_name(names[client])} · {' + '.join(words)}",
            url=site + reverse("client", args=[client]),
        )


def _campaigns(user: User, today: date, site: str) -> Iterator[ics.Event]:
    """A campaign is one event, however many clients it greets."""
    for line in campaign_lines.lines_of(user, user, today):
        if line.left:
            words = ngettext("%(n)s festival greeting", "%(n)s festival greetings", line.left)
            yield ics.Event(
                uid=salted_hmac("calendar", f"{user.pk} campaign {line.campaign.pk}").hexdigest(),
                day=today,
                summary=f"{line.campaign.festival} · {words % {'n': line.left}}",
                url=site + reverse("campaign", args=[line.campaign.pk]),
            )


def nobodys(words: str, name: str) -> str:
    """An own task in its words, without the client's name and without a number."""
    return without_numbers(words.replace(name, mask_name(name)))


def _written(user: User, today: date) -> Iterator[Entry]:
    """What stands on the lists: begun work on today, the rest on its day."""
    mine = FollowUp.objects.visible_to(user).filter(client__agent=user).open()
    soon = mine.filter(list_on__lte=today + AHEAD, keep_until__gte=today)
    fields = ("client_id", "list_on", "priority", "series", "item", "planned__words")
    for row in soon.select_related("planned").only(*fields)[:MOST_ROWS]:
        yield Entry(max(row.list_on, today), row.client_id, row.priority, task_of(row))


def _foreseen(user: User, today: date) -> Iterator[Entry]:
    """What the rules will ask for, as the book stands."""
    rows = foreseen.of_agent(user.pk, today + ONE_DAY, today + AHEAD, today=today)[:MOST_ROWS]
    tasks = Planned.objects.visible_to(user).in_bulk(
        {row.planned_id for row in rows if row.planned_id}
    )
    for row in rows:
        followup = row.followup
        followup.planned = tasks.get(row.planned_id or 0)
        yield Entry(row.list_on, row.client_id, row.priority, task_of(followup))
