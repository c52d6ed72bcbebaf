"""The office's page of a service: what is taken along, what is said, and how it was before."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import SentForm
from accounts.requests import Request
from followups.forms import KeyForm
from followups.models import ServiceItem
from followups.script_book import codes_of, occasion_of
from followups.texts import Text
from followups.tools import Kind, Kit, Shelf
from policies.import_views import for_administrators

get_or_post = require_http_methods(["GET", "HEAD", "POST"])
MOST, LONGEST = 12, 60  # tools of a kind, letters of a name
OLDER = 10  # versions shown


class Lines(forms.CharField):
    """Names, one a line."""

    def clean(self, value: Any) -> list[str]:
        lines = [line.strip() for line in super().clean(value).splitlines()]
        names = list(dict.fromkeys(filter(None, lines)))
        if len(names) > MOST:
            words = ngettext("At most %(n)s line.", "At most %(n)s lines.", MOST)
            raise forms.ValidationError(words % {"n": MOST})
        if long := next((name for name in names if len(name) > LONGEST), None):
            words = _("“%(name)s…” is too long: %(n)s letters at most.")
            raise forms.ValidationError(words % {"name": long[:12], "n": LONGEST})
        return names


class KitForm(KeyForm):
    """The tools of a service, a field for each kind."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in Kind:
            box = forms.Textarea(attrs={"class": "form-control own", "rows": 3})
            self.fields[kind.value] = Lines(label=kind.label, required=False, widget=box)

    @property
    def boxes(self) -> list[forms.BoundField]:
        return [self[kind.value] for kind in Kind]

    @property
    def tools(self) -> list[list[str]]:
        return [[kind.value, name] for kind in Kind for name in self.cleaned_data[kind.value]]


@require_GET
@for_administrators
def service_tools(request: Request) -> HttpResponse:
    shelf = Shelf.now()
    rows = [(item, shelf.of(item), codes_of(item)) for item in ServiceItem]
    return render(request, "followups/service_tools.html", {"rows": rows})


@get_or_post
@for_administrators
def service_tool(request: Request, item: int) -> HttpResponse:
    """What a service needs; saved it is a new version, and the older ones stay to be read."""
    if item not in ServiceItem.values:
        raise Http404
    service = ServiceItem(item)
    form = KitForm(request.POST or None, initial=_typed(service))
    if not (form.is_bound and form.is_valid()):
        return _page(request, service, form)
    with transaction.atomic():
        if SentForm.first_time(request.user, form.cleaned_data["key"]):
            Kit(item=service, tools=form.tools).put_in_force(request.user)
    messages.success(request, _("%(name)s saved") % {"name": service.label})
    return redirect("service_tool", item)


def _typed(item: ServiceItem) -> dict[str, str]:
    tools = Shelf.now().of(item)
    return {
        kind.value: "\n".join(str(tool) for tool in tools if tool.kind == kind) for kind in Kind
    }


def _page(request: Request, item: ServiceItem, form: KitForm) -> HttpResponse:
    kits = Kit.objects.filter(item=item).select_related("by")
    own = set(Text.objects.in_force().exclude(words="").values_list("occasion", flat=True))
    context = {
        "item": item,
        "form": form,
        "kit": kits.in_force().first(),
        "older": kits.exclude(replaced_at=None)[:OLDER],
        "scripts": [(occasion_of(code), code in own) for code in codes_of(item)],
        "key": uuid.uuid4().hex,
    }
    status = 422 if form.is_bound else 200
    return render(request, "followups/service_tool.html", context, status=status)
