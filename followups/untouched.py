"""Urgent work that nobody has touched: after a working day the supervisor's, after three the manager's."""

from datetime import date

from django.db.models import F, Q

from accounts.models import Role, User
from followups.models import FollowUp, FollowUpQuerySet
from followups.office_days import workdays_before

URGENT = 1
NOBODY_SPOKE = Q(client__last_contact_on=None) | Q(client__last_contact_on__lt=F("list_on"))
MOST_WORKDAYS = 3


def workdays_of(reader: User) -> int:
    """After how many working days it comes up to the reader."""
    return 1 if reader.role == Role.SUPERVISOR else MOST_WORKDAYS


def since_for(reader: User, today: date) -> date:
    """What stood on a list on this day or before, and still does, has come up to the reader."""
    return workdays_before(today, workdays_of(reader))[-1]


def lying_since(since: date) -> Q:
    """Urgent, and nobody has spoken to the client since it stands there; of open follow-ups."""
    return Q(priority=URGENT, list_on__lte=since) & NOBODY_SPOKE


def untouched(reader: User, today: date) -> FollowUpQuerySet:
    rows: FollowUpQuerySet = FollowUp.objects.visible_to(reader).overdue(today)
    return rows.filter(lying_since(since_for(reader, today)))
