"""The policy review of a household on paper, to be brought to the visit."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.requests import Request
from clients.models import Client
from followups.review import Review, first_of
from lib import dates
from policies.models import Policy
from policies.premium_year import with_instalments_of


@require_GET
def client_review(request: Request, pk: int) -> HttpResponse:
    clients = Client.objects.visible_to(request.user).at_home_with(pk)
    read = clients.select_related("agent", "known", "card").prefetch_related("family")
    at_home = first_of(read, pk)
    if not at_home or at_home[0].pk != pk:
        raise Http404
    today = dates.today()
    policies = Policy.objects.visible_to(request.user).filter(holder__in=at_home).for_list()
    rows = policies.prefetch_related(with_instalments_of(today.year))
    review = Review(at_home, list(rows.order_by("effective_on", "pk")), today)
    return render(request, "followups/review.html", {"review": review, "client": review.client})
