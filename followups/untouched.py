"""Urgent work that nobody has touched: after a working day the supervisor's, after three the manager's."""

from datetime import date

from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from accounts.models import Role, Team, User
from followups.models import FollowUp, FollowUpQuerySet
from followups.office_days import workdays_before

URGENT = 1
NOBODY_SPOKE = Q(client__last_contact_on=None) | Q(client__last_contact_on__lt=F("list_on"))
WORKDAYS = 3  # of a manager; a supervisor waits for one


def come_up_to(reader: User, workdays: list[date]) -> Q:
    """What of the open follow-ups has come up to the reader; of the last working days, the latest first.

    Where no supervisor would hear of it after a day, whoever leads above does.
    """
    lying = Q(priority=URGENT, list_on__lte=workdays[0]) & NOBODY_SPOKE
    if reader.role == Role.SUPERVISOR:
        return lying
    long_enough = Q(list_on__lte=workdays[WORKDAYS - 1])
    return lying & (long_enough | Q(client__agent__in=without_supervisor()))


def without_supervisor() -> QuerySet[User]:
    """Whoever works in a team that no active supervisor leads, nor any team above it."""
    whole = ExpressionWrapper(OuterRef("path"), output_field=CharField())
    supervisors = User.objects.filter(role=Role.SUPERVISOR, is_active=True).alias(below=whole)
    led = Team.objects.filter(Exists(supervisors.filter(below__startswith=F("team__path"))))
    return User.objects.exclude(team__in=led)


def untouched(reader: User, today: date) -> FollowUpQuerySet:
    rows: FollowUpQuerySet = FollowUp.objects.visible_to(reader).overdue(today)
    return rows.filter(come_up_to(reader, workdays_before(today, WORKDAYS)))
