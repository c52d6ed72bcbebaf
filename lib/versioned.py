"""Forms for rows that two people may edit at once, and for numbers that are not shown."""

import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm  # Django's own classes take no parameters

REMOVE = {"-", "–", "—"}
KEEP_HELP = _("Leave empty to keep it; a dash removes it.")


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%Y-%m-%d", **kwargs)


class VersionedForm(ModelForm):
    """Knows which version was edited, and keeps hidden numbers that nobody typed anew.

    `masks` names the hidden fields and how each looks masked.
    """

    masks: dict[str, Callable[[str], str]] = {}

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["version"] = self.instance.version
        self.initial["key"] = uuid.uuid4().hex
        self.edited_version = self.instance.version
        self.kept = {name: getattr(self.instance, name) for name in self.masks}
        for name, mask in self.masks.items():
            self._hide(name, mask(self.kept[name]))

    def _hide(self, name: str, masked: str) -> None:
        self.initial[name] = ""
        self.fields[name].widget.attrs |= {"autocomplete": "off"}
        if masked:
            self.fields[name].help_text = KEEP_HELP
            self.fields[name].widget.attrs["placeholder"] = masked

    def kept_or(self, name: str, check: Callable[[str], str]) -> str:
        """What was there if nothing was typed, nothing for a dash, else what `check` returns."""
        typed = str(self.cleaned_data.get(name) or "").strip()
        if not typed:
            return str(self.kept[name])
        return "" if typed in REMOVE else check(typed)

    @property
    def is_stale(self) -> bool:
        """Whether somebody saved since this form was opened."""
        return bool(self.instance.pk) and self.cleaned_data.get("version") != self.edited_version

    def differences(self, theirs: Any) -> Iterator[tuple[str | Promise, str, str]]:
        """Label, what is saved now and what was typed here, wherever they differ."""
        for name in self._meta.fields or ():
            if name not in self.fields or name not in self.cleaned_data:
                continue
            saved, typed = getattr(theirs, name), self.cleaned_data[name]
            if saved != typed:
                label = self.fields[name].label or name
                yield label, self._shown(name, saved), self._shown(name, typed)

    def _shown(self, name: str, value: Any) -> str:
        if name in self.masks:
            return self.masks[name](str(value))
        choices = getattr(self.fields[name], "choices", None)
        if isinstance(choices, list):
            return str(dict(choices).get(value, value) or "–")
        return str(_("Yes") if value is True else _("No") if value is False else value or "–")

    def take_over(self) -> None:
        """Let the next save of what was typed win over the version that is saved now."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["version"], data["key"] = str(self.edited_version), uuid.uuid4().hex
        self.data = data
