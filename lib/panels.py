"""Forms laid out in panels of two columns; crispy-forms itself is untyped."""

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, Column, Div, Layout, Row
from django.utils.functional import Promise


def laid_out(*parts: Any) -> FormHelper:
    """The helper of a form whose tag and button the page itself writes."""
    helper = FormHelper()  # type: ignore[no-untyped-call]
    helper.form_tag = False
    helper.layout = Layout(*parts)  # type: ignore[no-untyped-call]
    return helper


def panel(title: str | Promise, *parts: Any) -> Div:
    heading = HTML(f'<div class="panel-h"><h2>{title}</h2></div>')  # type: ignore[no-untyped-call]
    return Div(heading, *parts, css_class="panel")  # type: ignore[no-untyped-call]


def row(*names: str) -> Row:
    columns = [Column(name, css_class="col-md-6") for name in names]  # type: ignore[no-untyped-call]
    return Row(*columns)  # type: ignore[no-untyped-call]
