from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from accounts.models import User
from crm.shell import places_of


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Send everybody to where their work is."""
    assert isinstance(request.user, User)
    return redirect(places_of(request.user)[0].url_name)


@login_not_required
@require_GET
def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_GET
def ready(request: HttpRequest) -> HttpResponse:
    """Say whether the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"database": "ok"})
