from django import template

register = template.Library()


@register.filter
def count(number: int | None) -> str:
    """`42,290`: the figures of a book are long."""
    return f"{number or 0:,}"
