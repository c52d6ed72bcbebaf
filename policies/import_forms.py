"""Forms of the import: what each column is, and what was said of columns as a file."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from clients.forms import agents_of
from policies.batches import HeadingMemory, ImportBatch
from policies.importing.columns import plain_heading
from policies.importing.layout import Layout
from policies.importing.layouts import LAYOUTS
from policies.models import Insurer

LARGEST_FILE = 1 << 20
FORMAT = "evergreen-columns"


@dataclass(frozen=True)
class Column:
    """A line of the form: a column of the file and what is known of it."""

    heading: str
    field: Any
    samples: list[str]
    sure: int
    asked: bool
    chosen: str


class ColumnsForm(forms.Form):
    """One choice for each column of the file."""

    mode = forms.ChoiceField(
        label=_("What is known already"), choices=ImportBatch.Mode.choices, widget=forms.RadioSelect
    )
    remember = forms.BooleanField(
        label=_("Remember this for the next list of this kind"), required=False, initial=True
    )

    def __init__(self, data: Any = None, *, batch: ImportBatch) -> None:
        super().__init__(data)
        self.guesses: list[dict[str, Any]] = batch.columns.get("columns", [])
        self.layout: Layout = LAYOUTS[batch.columns.get("kind") or batch.kind or "issued"]
        self.fields["mode"].initial = batch.mode
        choices = self._choices()
        for guess in self.guesses:
            self.fields[self._name(guess)] = forms.ChoiceField(
                label=guess["heading"], choices=choices, required=False, initial=guess["field"],
                widget=forms.Select(attrs={"class": "form-select", "aria-label": guess["heading"]}),
            )  # fmt: skip

    def _choices(self) -> list[tuple[str, str]]:
        language = get_language() or "en"
        known = [c for c in self.layout.columns if c.zh or c.en]
        return [("", gettext("Not imported")), *((c.field, c.heading(language)) for c in known)]

    @staticmethod
    def _name(guess: dict[str, Any]) -> str:
        return f"column-{guess['place']}"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = [field for field in self.said.values() if field]
        words = dict(self._choices())
        for field in sorted({field for field in chosen if chosen.count(field) > 1}):
            raise ValidationError(
                _("Two columns are “%(field)s”; choose which one it is."),
                params={"field": words[field]},
            )
        for any_of in self.layout.needed:
            if not set(any_of) & set(chosen):
                names = " / ".join(words[field] for field in any_of)
                raise ValidationError(
                    _("No column is “%(field)s”; without it the list cannot be imported."),
                    params={"field": names},
                )
        return cleaned

    @property
    def lacking(self) -> list[str]:
        """What the list cannot do without, and nothing of the file is known to be."""
        found = {guess["field"] for guess in self.guesses}
        words = dict(self._choices())
        return [
            " / ".join(words[field] for field in any_of)
            for any_of in self.layout.needed
            if not found & set(any_of)
        ]

    @property
    def said(self) -> dict[str, str]:
        """By heading of the file: the field, or nothing for what is not imported."""
        cleaned = getattr(self, "cleaned_data", {})
        return {guess["heading"]: cleaned.get(self._name(guess), "") for guess in self.guesses}

    @property
    def news(self) -> dict[str, str]:
        """What is not known without being told: answers to questions, and what was corrected."""
        return {
            guess["heading"]: self.said[guess["heading"]]
            for guess in self.guesses
            if guess["asked"] or self.said[guess["heading"]] != guess["field"]
        }

    @property
    def doubtful(self) -> Iterator[Column]:
        """What is asked about, or left out; of a list that lacks a column, everything."""
        return (column for column in self._columns() if column.asked)

    @property
    def quiet(self) -> list[Column]:
        return [column for column in self._columns() if not column.asked]

    @property
    def open(self) -> int:
        return len(self.guesses) - self.recognised

    @property
    def recognised(self) -> int:
        return sum(bool(guess["field"]) and not guess["asked"] for guess in self.guesses)

    def _columns(self) -> Iterator[Column]:
        for guess in self.guesses:
            field = self[self._name(guess)]
            asked = guess["asked"] or not guess["field"]
            yield Column(
                guess["heading"] or gettext("without a heading"), field, guess["samples"],
                guess["sure"], asked, str(field.value() or ""),
            )  # fmt: skip


class OwnersForm(forms.Form):
    """Who serves policies whose agent nobody has, of one number or of all."""

    number = forms.ChoiceField(label=_("Staff number"), required=False)
    to = forms.ModelChoiceField(
        User.objects.none(), label=_("Agent"),
        error_messages={"required": _("Choose an agent."), "invalid_choice": _("Choose an agent.")},
    )  # fmt: skip

    def __init__(self, data: Any = None, *, batch: ImportBatch, user: User) -> None:
        super().__init__(data)
        self.unknown: list[str] = batch.report.get("unknown_agents", [])
        numbers = cast(forms.ChoiceField, self.fields["number"])
        numbers.choices = [("", _("All")), *((number, number) for number in self.unknown)]
        cast("forms.ModelChoiceField[User]", self.fields["to"]).queryset = agents_of(user)

    @property
    def chosen(self) -> list[str]:
        number = self.cleaned_data["number"]
        return [number] if number else self.unknown


class MemoryForm(forms.Form):
    """What was said of columns in another office."""

    file = forms.FileField(
        label=_("File with columns"),
        error_messages={"required": _("Choose a file first.")},
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".json"}),
    )

    def clean_file(self) -> list[dict[str, str]]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        wrong = ValidationError(_("This is not a file of columns that this page has written."))
        if (file.size or 0) > LARGEST_FILE:
            raise wrong
        try:
            told = json.loads(file.read())
            if told["format"] != FORMAT:
                raise wrong
            return [_checked(line) for line in told["columns"]]
        except (ValueError, KeyError, TypeError):
            raise wrong from None

    def learn(self, user: User) -> int:
        """Take them over where the insurer is known; return how many."""
        insurers = dict(Insurer.objects.values_list("code", "pk"))
        usual = Insurer.usual().pk
        lines: list[dict[str, str]] = self.cleaned_data["file"]
        for insurer, kind in dict.fromkeys((line["insurer"], line["kind"]) for line in lines):
            said = {
                line["heading"]: line["field"]
                for line in lines
                if (line["insurer"], line["kind"]) == (insurer, kind)
            }
            HeadingMemory.learn(insurers.get(insurer, usual), kind, said, user)
        return len(lines)


def _checked(line: dict[str, Any]) -> dict[str, str]:
    """Raise ValueError for what names no field of a known list."""
    told = {name: str(line[name]) for name in ("insurer", "kind", "heading", "field")}
    layout = LAYOUTS[told["kind"]]
    if told["field"] and told["field"] not in layout.at:
        raise ValueError
    if not plain_heading(told["heading"]):
        raise ValueError
    return told


def remembered_file() -> dict[str, Any]:
    memories: Iterable[HeadingMemory] = HeadingMemory.objects.select_related("insurer")
    lines = [
        {
            "insurer": memory.insurer.code, "kind": memory.kind, "heading": memory.heading,
            "field": memory.field,
        }
        for memory in memories
    ]  # fmt: skip
    return {"format": FORMAT, "columns": lines}
