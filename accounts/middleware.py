"""What every request passes: the reader's language, no caches, and no uploads from strangers."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

LARGEST_FORM = 1_000_000  # bytes around a file
LARGEST_OF_STRANGERS = 100_000
LOCK_NOT_AVAILABLE = "55P03"  # as PostgreSQL calls it

Next = Callable[[HttpRequest], HttpResponse]


class RefuseStrangersUploads:
    """Cut a large body without a session before anything is read of it.

    The CSRF check parses the body, so without this a stranger's 300 MB are on the disk before the 403.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _length(request) > settings.IMPORT_MAX_BYTES + LARGEST_FORM:
            return HttpResponse(status=413)
        stranger = settings.SESSION_COOKIE_NAME not in request.COOKIES
        if stranger and _length(request) > LARGEST_OF_STRANGERS:
            return HttpResponse(status=413)
        return self.get_response(request)


def _length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdigit() else 0


class PreferredLanguage:
    """Speak the language the user chose, on whichever machine they log in."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = getattr(request.user, "language", "")
        if language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(language)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


class KeepOutOfCaches:
    """Pages with people's data are kept by no cache and no Back button after logout."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response


class TellWhatIsWaitedFor:
    """Whoever saves what a large list is just changing waits for its end, and is told if that is too long."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if getattr(error.__cause__, "pgcode", "") != LOCK_NOT_AVAILABLE:
            return None
        answer = render(request, "503.html", status=503)
        answer["Retry-After"] = "60"
        return answer
