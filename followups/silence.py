"""Silencing a rule for one client, with a reason and an end, and hearing it again."""

from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from clients.models import Client
from followups.models import FollowUp, RuleMute, RuleMuteQuerySet
from followups.rulebook import BY_CODE

LONGEST = timedelta(days=366)


class Refused(Exception):  # noqa: N818 - what it says to the user
    """It cannot be silenced like this; the message says why and what to do."""


@transaction.atomic
def silence(client: Client, rule: str, *, until: date, reason: str, by: User, on: date) -> RuleMute:
    """Keep what `rule` asks for off this client's list up to `until`; what stands open is withdrawn."""
    if rule not in BY_CODE:
        raise Refused(_("What was agreed with the client is no rule. Move it or close it."))
    if not BY_CODE[rule].mutable:
        raise Refused(
            _("The cover is about to be lost, so this reminder stands until the premium is paid.")
        )
    if not on <= until <= on + LONGEST:
        raise Refused(_("Choose a day from today on, at most a year ahead."))
    Client.objects.select_for_update().get(pk=client.pk)
    _standing(client, rule).update(lifted_on=on, lifted_by=by)
    mute = RuleMute.objects.create(client=client, rule=rule, until=until, reason=reason, by=by)
    client.followups.open().filter(rule=rule, list_on__lte=until).update(
        status=FollowUp.Status.WITHDRAWN, reason=FollowUp.Reason.MUTED, withdrawn_on=on
    )
    return mute


@transaction.atomic
def lift(mute: RuleMute, *, by: User, on: date) -> None:
    """Hear the rule again; what was withdrawn for it and is still worth doing is open again."""
    standing = _standing(mute.client, mute.rule).filter(pk=mute.pk)
    if not standing.update(lifted_on=on, lifted_by=by):
        return
    mute.client.followups.filter(
        rule=mute.rule, reason=FollowUp.Reason.MUTED, keep_until__gte=on
    ).update(status=FollowUp.Status.OPEN, reason="", withdrawn_on=None)


def _standing(client: Client, rule: str) -> RuleMuteQuerySet:
    return RuleMute.objects.filter(client=client, rule=rule, lifted_on=None)
