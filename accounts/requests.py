"""What every page behind the login is asked by."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User


class Request(HttpRequest):
    """A request as the middleware leaves it."""

    user: User
    htmx: HtmxDetails
