"""Views that are for some roles only; whoever else asks is refused."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.models import User

View = Callable[..., HttpResponse]


def for_leaders(view: View) -> View:
    """For whoever leads or administers."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if not (isinstance(user, User) and user.oversees):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded
