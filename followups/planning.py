"""Putting something down for a client, moving it, dropping it; what is due already is put on the lists at once."""

from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from clients.models import Client
from followups.models import FollowUp, ListRun, Planned, ServiceItem, ServicePlan
from followups.rulebook import BY_CODE

ONE_DAY = timedelta(days=1)
FARTHEST = timedelta(days=3 * 366)


class Refused(Exception):  # noqa: N818 - what it says to the user
    """It cannot be planned like this; the message says why and what to do."""


def levels_for(client: Client) -> dict[int, str]:
    """What the service plan says of each item for the client's class."""
    plan = ServicePlan.objects.filter(client_class=client.shown_class)
    return dict(plan.order_by("item").values_list("item", "level"))


@transaction.atomic
def put_down(planned: Planned, *, today: date) -> Planned:
    """Save a new service or task, or one that was changed. Raises Refused."""
    _check_day(planned, today)
    if not planned.is_own:
        _check_plan(planned)
    # What it had on the lists and nobody has worked on stands there no more, or on another day.
    if planned.pk:
        planned.followups.open().delete()
    planned.on = planned.from_day(today)
    if planned.on is None:
        raise Refused(_("It would never come: the last day lies before the first."))
    planned.save()
    _put_on_lists(planned, today)
    return planned


def _check_day(planned: Planned, today: date) -> None:
    if planned.first_on < today and not planned.repeats:
        raise Refused(_("Choose a day from today on."))
    if planned.first_on > today + FARTHEST:
        raise Refused(_("Choose a day within three years."))
    if planned.until and planned.until < planned.first_on:
        raise Refused(_("It would end before it begins: choose a later last day."))


def _check_plan(planned: Planned) -> None:
    level = levels_for(planned.client).get(planned.item)
    what = {"item": ServiceItem(planned.item).label}
    if level == ServicePlan.Level.MUST:
        raise Refused(
            _("%(item)s is a must for this class: the rules put it on the list by themselves.")
            % what
        )
    if level != ServicePlan.Level.MAY:
        raise Refused(_("The service plan has no %(item)s for this class.") % what)
    same = Planned.objects.services().filter(
        client=planned.client, item=planned.item, first_on=planned.first_on
    )
    if same.exclude(pk=planned.pk).exists():
        raise Refused(_("%(item)s is planned for that day already.") % what)


def _put_on_lists(planned: Planned, today: date) -> None:
    """Lists that are written already get it too; from then on it waits for its next day."""
    written = max(ListRun.last_day() or today, today)
    rule = BY_CODE["own-task" if planned.is_own else "planned-service"]
    while planned.on and planned.on <= written:
        rows = rule.yet_to_write(planned.on, planned.on).filter(pk=planned.pk)
        FollowUp.objects.insert_from(*rows.query.sql_with_params())
        planned.on = planned.from_day(planned.on + ONE_DAY) if planned.repeats else None
        planned.save(update_fields=["on"])


@transaction.atomic
def drop(planned: Planned, *, today: date) -> None:
    """Take it off the plan and off the lists; what was done stays. Raises Refused."""
    level = levels_for(planned.client).get(planned.item)
    if level == ServicePlan.Level.MUST:
        raise Refused(
            _("%(item)s has become a must for this class, so it cannot be dropped.")
            % {"item": ServiceItem(planned.item).label}
        )
    planned.dropped_on = today
    planned.save(update_fields=["dropped_on"])
    planned.followups.open().delete()


@transaction.atomic
def take_back(planned: Planned, *, today: date) -> None:
    """Undo the dropping: it stands where it stood."""
    planned.dropped_on = None
    planned.on = planned.from_day(today)
    planned.save(update_fields=["dropped_on", "on"])
    _put_on_lists(planned, today)
