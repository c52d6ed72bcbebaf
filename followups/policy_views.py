"""A policy's own page: its premium on the line, what was collected, and the service around it."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.models import User
from clients.models import Contact
from clients.views import Request
from followups import money_words
from lib import dates
from policies.forms import PaymentForm
from policies.models import Policy
from policies.premium_line import Held, line_of, number_of, premiums_of, states_of
from policies.views import may_record_payment


@require_GET
def policy_page(request: Request, pk: int) -> HttpResponse:
    policies = Policy.objects.visible_to(request.user).for_list()
    policy = get_object_or_404(policies, pk=pk)
    today = dates.today()
    line = line_of(policy, policy.open_instalment, today)
    context = {
        "policy": policy,
        "held": Held(policy, today),
        "today": today,
        "line": line,
        "number": line and number_of(policy, line.due_on),
        "states": states_of(policy, line, today),
        "premiums": premiums_of(policy),
        "collected": [
            (number_of(policy, instalment.due_on), instalment)
            for instalment in policy.instalments.order_by("-due_on")[:24]
        ],
        "followups": policy.followups.open().filter(keep_until__gte=today).for_list(),
        "contacts": contacts_about(policy),
        "payment_form": _payment_form(request.user, policy),
    }
    context |= money_words.about_policy(policy, today)
    return render(request, "followups/policy.html", context)


def contacts_about(policy: Policy) -> list[Contact]:
    contacts = Contact.objects.filter(followups__policy=policy, undone_at=None)
    return list(contacts.select_related("by").distinct().order_by("-at")[:10])


def _payment_form(user: User, policy: Policy) -> PaymentForm | None:
    if policy.open_instalment is None or not may_record_payment(user):
        return None
    initial = {
        "paid_on": dates.today(),
        "instalment": policy.open_instalment.pk,
        "key": uuid.uuid4().hex,
    }
    return PaymentForm(initial=initial)
