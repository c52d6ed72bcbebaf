"""The import in steps, each with its own address: upload, check, run, result. For administrators."""

import tempfile
import uuid
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.exports import ALONE
from accounts.models import AuditEntry, SentForm, User
from accounts.requests import Request
from lib.downloads import download
from policies import tasks
from policies.bank import BankRow
from policies.batches import HeadingMemory, ImportBatch
from policies.differences import Differences
from policies.import_forms import ColumnsForm, MemoryForm, OwnersForm, remembered_file
from policies.importing import intake
from policies.importing.layouts import LAYOUTS
from policies.importing.problems import REASONS, TIDIED, Note, Refusal
from policies.importing.undo import Why
from policies.models import Insurer

PER_PAGE = 50
LOOKED_INTO_AT_ONCE = 30 * 1024 * 1024  # larger files are looked into in the background only
STOP_POLLING = 286

View = Callable[..., HttpResponseBase]


def for_administrators(view: View) -> View:
    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.administers:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


class _FilesInput(forms.FileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """One file or several."""

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":
        chosen = data if isinstance(data, list | tuple) else [data]
        return [super(_FilesField, self).clean(file, initial) for file in chosen or [None]]


class UploadForm(forms.Form):
    file = _FilesField(
        label=_("Lists of the insurer"),
        allow_empty_file=True,
        error_messages={"required": _("Choose a file first.")},
        widget=_FilesInput(
            attrs={
                "class": "form-control",
                "accept": ".xlsx,.xls,.csv,.tsv",
                "data-name": "#file-name",
            }
        ),
    )
    insurer = forms.ModelChoiceField(Insurer.objects.all(), label=_("Insurer"), required=False)
    create_agents = forms.BooleanField(
        label=_("Make accounts without a login for unknown agents"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        insurer = cast("forms.ModelChoiceField[Insurer]", self.fields["insurer"])
        insurer.initial = Insurer.usual()
        insurer.widget.attrs["class"] = "form-select"
        self.chooses_insurer = Insurer.objects.count() > 1
        self.fields["create_agents"].widget.attrs["class"] = "form-check-input"

    def clean_file(self) -> "list[UploadedFile[Any]]":
        """Refuse at once what cannot be a list, in one sentence for each file."""
        files: list[UploadedFile[Any]] = self.cleaned_data["file"]
        refusals = {file.name or "": refusal for file in files if (refusal := _refusal(file))}
        if refusals:
            alone = len(files) == 1
            raise forms.ValidationError(
                [why if alone else f"{name}: {why}" for name, why in refusals.items()]
            )
        return files


def _refusal(file: "UploadedFile[Any]") -> str:
    """Why it cannot be a list, or nothing."""
    limit = settings.IMPORT_MAX_BYTES
    try:
        if not file.size:
            raise Refusal("empty")
        if file.size > limit:
            raise Refusal("too_large", limit=limit >> 20)
        if file.size <= LOOKED_INTO_AT_ONCE:
            _look_into(file)
    except Refusal as refusal:
        return str(refusal)
    return ""


def _look_into(file: "UploadedFile[Any]") -> None:
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
        for chunk in file.chunks():
            copy.write(chunk)
        copy.flush()
        intake.look_into(Path(copy.name), file.name or "")


class GroupForm(forms.Form):
    """Which group of problems is shown."""

    group = forms.ChoiceField(choices=[(code, code) for code in REASONS], required=False)


@require_http_methods(["GET", "POST"])
@for_administrators
def imports(request: Request) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return _to_the_received(request, _receive(request, form))
    batches = Paginator(ImportBatch.objects.select_related("uploaded_by"), 8)
    page = batches.get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page_obj": page,
        "busy": any(batch.is_busy for batch in page),
        "idempotency_key": uuid.uuid4().hex,
        "limit": settings.IMPORT_MAX_BYTES >> 20,
        "kinds": LAYOUTS.values(),
        "step": 1,
    }
    status = 422 if request.method == "POST" else 200
    template = "_imports.html" if request.htmx else "imports.html"
    return render(request, f"policies/{template}", context, status=status)


def _to_the_received(request: Request, received: list[ImportBatch]) -> HttpResponse:
    """To the check of a file; of several, to the list where each can be followed."""
    if len(received) == 1:
        return redirect("imports:check", received[0].pk)
    words = gettext(
        "%(n)s files are being checked; each then waits for you among the recent imports."
    )
    messages.success(request, words % {"n": len(received)})
    return redirect(f"{reverse('imports:list')}#recent")


@transaction.atomic
def _receive(request: Request, form: UploadForm) -> list[ImportBatch]:
    """An import of each file; of a form sent twice, those that it made the first time."""
    user, files = request.user, form.cleaned_data["file"]
    if not SentForm.first_time(user, request.POST.get("key", "")):
        again = list(ImportBatch.objects.filter(uploaded_by=user)[: len(files)])
        if not again:
            raise Http404
        return again
    batches = [
        ImportBatch.receive(
            file,
            insurer=form.cleaned_data["insurer"] or Insurer.usual(),
            create_agents=form.cleaned_data["create_agents"],
            uploaded_by=user,
        )
        for file in files
    ]
    for batch in batches:
        tasks.wake(batch)
    return batches


STEP_OF = {
    ImportBatch.State.UPLOADED: "check",
    ImportBatch.State.MAPPING: "map",
    ImportBatch.State.CHECKING: "check",
    ImportBatch.State.CHECKED: "check",
    ImportBatch.State.APPLYING: "run",
    ImportBatch.State.APPLIED: "result",
    ImportBatch.State.FAILED: "result",
    ImportBatch.State.STOPPED: "result",
    ImportBatch.State.UNDOING: "run",
    ImportBatch.State.UNDONE: "result",
}


def _page_of(batch: ImportBatch) -> str:
    return f"imports:{STEP_OF[ImportBatch.State(batch.state)]}"


@require_GET
@for_administrators
def batch_page(request: Request, pk: int) -> HttpResponse:
    """Wherever this import stands."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    return redirect(_page_of(batch), batch.pk)


@require_http_methods(["GET", "POST"])
@for_administrators
def columns(request: Request, pk: int) -> HttpResponse:
    """Which column of the file is which field, where that is in doubt or somebody wants to say."""
    batch = get_object_or_404(ImportBatch.objects.select_related("insurer"), pk=pk)
    if batch.state not in {ImportBatch.State.MAPPING, ImportBatch.State.CHECKED}:
        return _move_on(request, batch)
    form = ColumnsForm(request.POST or None, batch=batch)
    if request.method == "POST" and form.is_valid():
        return _map(batch, form, request.user)
    context = {"batch": batch, "form": form, "step": 2, "label": form.layout.label}
    status = 422 if request.method == "POST" else 200
    return render(request, "policies/import_map.html", context, status=status)


@transaction.atomic
def _map(batch: ImportBatch, form: ColumnsForm, user: User) -> HttpResponse:
    if batch.map(form.layout.code, form.said, form.cleaned_data["mode"]):
        if form.cleaned_data["remember"]:
            HeadingMemory.learn(batch.insurer_id, form.layout.code, form.news, user)
        batch.refresh_from_db()
        tasks.wake(batch)
    batch.refresh_from_db()
    return redirect(_page_of(batch), batch.pk)


@require_http_methods(["GET", "POST"])
@for_administrators
def memory(request: Request) -> HttpResponse:
    """What was said of headings, by insurer and kind: to look through, forget, and share as a file."""
    form = MemoryForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        learnt = form.learn(request.user)
        words = ngettext("%(n)s column learnt", "%(n)s columns learnt", learnt)
        messages.success(request, words % {"n": learnt})
        return redirect("imports:memory")
    remembered = HeadingMemory.objects.select_related("insurer", "by")
    page = Paginator(remembered, PER_PAGE).get_page(request.GET.get("page"))
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "page_obj": page}
    return render(request, "policies/import_memory.html", context, status=status)


@require_POST
@for_administrators
def forget(request: Request, pk: int) -> HttpResponse:
    """Forget what a heading means; the next file with it is asked about again."""
    get_object_or_404(HeadingMemory, pk=pk).delete()
    return redirect("imports:memory")


@require_GET
@for_administrators
def memory_file(request: Request) -> HttpResponse:
    """All of it as a file for another office."""
    answer = JsonResponse(remembered_file(), json_dumps_params={"ensure_ascii": False, "indent": 1})
    answer["Content-Disposition"] = 'attachment; filename="columns.json"'
    return answer


@require_POST
@for_administrators
def give(request: Request, pk: int) -> HttpResponse:
    """Say who serves policies whose agent nobody has; then the list is checked again."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    form = OwnersForm(request.POST, batch=batch, user=request.user)
    if not form.is_valid():
        messages.error(request, f"{next(iter(form.errors.values()))[0]}")
        return redirect(f"{reverse('imports:check', args=[pk])}?group=agent_unknown#group")
    return _again(batch, batch.give(form.chosen, form.cleaned_data["to"].staff_no))


@require_POST
@for_administrators
def make_agents(request: Request, pk: int) -> HttpResponse:
    """Let accounts be made of staff numbers that nobody has; then the list is checked again."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    return _again(batch, batch.make_agents())


@require_POST
@for_administrators
def give_back(request: Request, pk: int) -> HttpResponse:
    """Forget who serves instead; then the list is checked again."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    return _again(batch, batch.give(batch.owners, ""))


@transaction.atomic
def _again(batch: ImportBatch, waited: bool) -> HttpResponse:
    batch.refresh_from_db()
    if waited:
        tasks.wake(batch)
    return redirect(_page_of(batch), batch.pk)


@require_POST
@for_administrators
def stop(request: Request, pk: int) -> HttpResponse:
    """Stop an import under way; nothing of it stays."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    batch.stop()
    batch.refresh_from_db()
    return redirect(_page_of(batch), batch.pk)


@require_http_methods(["GET", "POST"])
@for_administrators
def check(request: Request, pk: int) -> HttpResponse:
    batch = get_object_or_404(ImportBatch.objects.select_related("insurer"), pk=pk)
    if request.method == "POST":
        return _confirm(batch)
    if batch.state in ImportBatch.CHECKS:
        return _progress(request, batch, step=3)
    if batch.state != ImportBatch.State.CHECKED:
        return _move_on(request, batch)
    if request.htmx:
        return _move_on(request, batch)
    form = GroupForm(request.GET)
    wanted = form.cleaned_data["group"] if form.is_valid() else ""
    context = {"batch": batch, "step": 3} | _of_its_kind(batch) | _problems(batch, wanted)
    context |= {"differences": Differences(batch).page(request.GET.get("page"))}
    context |= {"owners": OwnersForm(batch=batch, user=request.user)}
    return render(request, "policies/import_check.html", context)


def _of_its_kind(batch: ImportBatch) -> dict[str, Any]:
    notes = [Note(*note) for note in batch.report.get("notes", [])]
    return {
        "failures": _failures(batch),
        "given": _given(batch),
        "others": batch.other_lists(),
        "noted": [note for note in notes if note.code != TIDIED],
        "tidied": [note for note in notes if note.code == TIDIED],
    }


def _given(batch: ImportBatch) -> list[tuple[str, User]]:
    """Of staff numbers that nobody has: who serves instead."""
    serving = User.objects.filter(staff_no__in=batch.owners.values()) if batch.owners else []
    people = {user.staff_no: user for user in serving}
    return [(number, people[to]) for number, to in batch.owners.items() if to in people]


def _failures(batch: ImportBatch) -> list[tuple[str, int]]:
    """Of a bank return: how many debits failed for which reason, the commonest first."""
    tally = batch.report.get("failures", {})
    words = dict(BankRow.Failure.choices)
    return [
        (str(words.get(code, code)), n) for code, n in sorted(tally.items(), key=lambda t: -t[1])
    ]


def _problems(batch: ImportBatch, wanted: str) -> dict[str, Any]:
    groups = [
        group | {"words": REASONS[group["code"]].words, "mend": REASONS[group["code"]].mend}
        for group in batch.report.get("groups", [])
    ]
    chosen = next((group for group in groups if group["code"] == wanted), None)
    chosen = chosen or (groups[0] if groups else None)
    return {
        "groups": groups,
        "chosen": chosen,
        "shown": chosen["rows"][:PER_PAGE] if chosen else [],
    }


@transaction.atomic
def _confirm(batch: ImportBatch) -> HttpResponse:
    """Let it be written; sent twice it is written once, since only a checked book is confirmed."""
    if batch.confirm():
        batch.refresh_from_db()
        tasks.wake(batch)
    batch.refresh_from_db()
    return redirect(_page_of(batch), batch.pk)


@require_GET
@for_administrators
def run(request: Request, pk: int) -> HttpResponse:
    batch = get_object_or_404(ImportBatch, pk=pk)
    if batch.state not in {ImportBatch.State.APPLYING, ImportBatch.State.UNDOING}:
        return _move_on(request, batch)
    return _progress(request, batch, step=4)


@require_http_methods(["GET", "POST"])
@for_administrators
def undo(request: Request, pk: int) -> HttpResponse:
    """What undoing will do; and once it is confirmed, let it be done."""
    batch = get_object_or_404(ImportBatch.objects.select_related("insurer"), pk=pk)
    if request.method == "POST":
        return _confirm_undo(batch, request.user)
    if not batch.may_be_undone:
        return redirect(_page_of(batch), batch.pk)
    context = {"batch": batch, "step": 5, "changes": _changes(batch)}
    return render(request, "policies/import_undo.html", context)


@transaction.atomic
def _confirm_undo(batch: ImportBatch, user: User) -> HttpResponse:
    if batch.ask_undo(user):
        batch.refresh_from_db()
        tasks.wake(batch)
    batch.refresh_from_db()
    return redirect(_page_of(batch), batch.pk)


def _changes(batch: ImportBatch) -> dict[str, dict[str, int]]:
    """How many rows the import made and changed, by what they are."""
    found = batch.report.get("changes", {})
    return {name: {"made": made, "changed": changed} for name, (made, changed) in found.items()}


def _kept(batch: ImportBatch) -> list[dict[str, Any]]:
    """What an undo left as it was, with the page where it is and why."""
    words = dict(Why.choices)
    return [
        {"subject": subject, "pk": pk, "name": name, "why": words.get(why, why)}
        for subject, pk, name, why in batch.undo_report.get("named", [])
    ]


def _progress(request: Request, batch: ImportBatch, step: int) -> HttpResponse:
    template = "_import_progress.html" if request.htmx else "import_run.html"
    context = {"batch": batch, "step": step, "ahead": batch.ahead}
    return render(request, f"policies/{template}", context)


def _move_on(request: Request, batch: ImportBatch) -> HttpResponse:
    """To the page where the import stands; a page that asks each second is told to go there."""
    answer = redirect(_page_of(batch), batch.pk)
    if not request.htmx:
        return answer
    return HttpResponse(status=STOP_POLLING, headers={"HX-Redirect": answer["Location"]})


@require_GET
@for_administrators
def result(request: Request, pk: int) -> HttpResponse:
    batches = ImportBatch.objects.select_related("undone_by", "uploaded_by")
    batch = get_object_or_404(batches, pk=pk)
    if batch.is_busy or batch.state == ImportBatch.State.CHECKED:
        return _move_on(request, batch)
    refusal = batch.report.get("refusal", {}).get(get_language(), batch.error)
    context = {
        "batch": batch,
        "refusal": refusal,
        "step": _last_step(batch),
        "kept": _kept(batch),
        "changes": _changes(batch),
    }
    context |= _of_its_kind(batch)
    return render(request, "policies/import_result.html", context)


def _last_step(batch: ImportBatch) -> int:
    """How far it came."""
    if batch.state == ImportBatch.State.FAILED:
        return 3
    if batch.state == ImportBatch.State.STOPPED:
        return 4 if batch.report else 3
    return 5


@require_GET
@for_administrators
def refused(request: Request, pk: int, form: str) -> HttpResponseBase:
    """The rows that were not taken, as the user's file has them, with the reason behind each."""
    batch = get_object_or_404(ImportBatch, pk=pk)
    if not batch.refused_file:
        return _no_refused_rows(batch)
    user, many = request.user, int(batch.report.get("rejected_rows", 0))
    if many > ALONE:  # a second person agrees, as to every long list
        return redirect(f"{reverse('export', args=['refused'])}?of={batch.pk}")
    AuditEntry.record(user, AuditEntry.Action.EXPORT, batch, rows=many)
    headings, rows = intake.refused_rows(batch)
    headings += [gettext("Row"), gettext("Reason")]
    name = gettext("%(name)s refused") % {"name": Path(batch.name).stem}
    return download(form, name, headings, rows)


def _no_refused_rows(batch: ImportBatch) -> HttpResponse:
    if not batch.report.get("rejected_rows") or batch.file:
        raise Http404
    sentence = gettext(
        "The refused rows were kept for %(days)s days and have been deleted; import the book again to"
        " get them."
    )
    words = sentence % {"days": settings.IMPORT_KEEP_DAYS}
    return HttpResponse(words, status=410, content_type="text/plain; charset=utf-8")


@require_POST
@for_administrators
def discard(request: Request, pk: int) -> HttpResponse:
    """Forget a list that nobody has confirmed; nothing of it was written."""
    waits = [ImportBatch.State.MAPPING, ImportBatch.State.CHECKED]
    batch = get_object_or_404(ImportBatch, pk=pk, state__in=waits)
    batch.discard()
    return redirect("imports:list")
