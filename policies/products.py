"""A product's days were corrected: what is owed on its policies follows, what was paid stays as it was."""

from django.db import connection, transaction
from django.utils import timezone

from policies.importing.apply import wait_for_others
from policies.importing.writing import FOLLOW_A_PRODUCT
from policies.models import Product

# On these hang the end of grace and the last day to come back.
DAYS = {"grace_days", "due_basis", "reinstate_years"}


@transaction.atomic
def follow(product: Product) -> None:
    """Reckon both anew for what is owed, and note that the lists are to follow.

    Harmless however often it is asked for.
    """
    wait_for_others()  # a list may be writing the same premiums
    changed = 0
    with connection.cursor() as cursor:
        for statement in FOLLOW_A_PRODUCT:
            cursor.execute(statement, {"product": product.pk})
            changed += cursor.rowcount
    if changed:
        Product.objects.filter(pk=product.pk).update(unlisted_since=timezone.now())
