from django import template

from lib.masking import mask_account, mask_id, mask_phone, without_numbers

register = template.Library()


@register.filter
def masked_phone(number: str | None) -> str:
    return mask_phone(number or "")


@register.filter
def masked_id(number: str | None) -> str:
    return mask_id(number or "")


@register.filter
def masked_account(number: str | None) -> str:
    return mask_account(number or "")


register.filter(without_numbers)
