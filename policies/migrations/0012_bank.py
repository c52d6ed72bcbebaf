import django.db.models.deletion
from django.db import migrations, models

NEXT_DUE = """
CREATE FUNCTION policies_next_due(anchor date, months integer, day date) RETURNS date
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN first_on >= day THEN first_on
        ELSE (anchor + make_interval(months => steps + months))::date END
    FROM (SELECT steps, (anchor + make_interval(months => steps))::date AS first_on FROM (
        SELECT (greatest(floor((
            (extract(year FROM day) - extract(year FROM anchor)) * 12
            + extract(month FROM day) - extract(month FROM anchor)
        ) / months), 1) * months)::integer AS steps
    ) AS counted) AS stepped
$$
"""
DUE_AFTER = """
CREATE FUNCTION policies_due_after(effective_on date, months integer, pay_years integer, due_on date)
RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN pay_years = 0 OR pay_years IS NULL
        OR following < (anchor + make_interval(years => pay_years))::date THEN following END
    FROM (
        SELECT anchor, policies_next_due(anchor, months, due_on + 1) AS following
        FROM (
            SELECT CASE WHEN policies_next_due(effective_on, months, due_on) = due_on
                THEN effective_on ELSE due_on END AS anchor
        ) AS anchored
    ) AS followed
    WHERE months IS NOT NULL
$$
"""
# A premium was paid or closed on its own day, and not on the day of the file that says so.
EVENTS = """
CREATE OR REPLACE FUNCTION policies_instalment_events() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    said_source text := COALESCE(NULLIF(current_setting('evergreen.source', true), ''), 'hand');
    said_on date := COALESCE(NULLIF(current_setting('evergreen.on', true), '')::date, current_date);
    said_by bigint := NULLIF(current_setting('evergreen.by', true), '')::bigint;
    said_batch bigint := NULLIF(current_setting('evergreen.batch', true), '')::bigint;
BEGIN
    INSERT INTO policies_policyevent (policy_id, at, "on", source, kind, was, now, due_on, amount, by_id, batch_id)
    SELECT n.policy_id, now(), moved.day, said_source, moved.kind, moved.was, moved.now, n.due_on, n.amount,
        said_by, said_batch
    FROM after_it n JOIN before_it o ON o.id = n.id,
    LATERAL (VALUES
        ('instalment', policies_instalment_state(o.paid_on, o.closed_as),
            policies_instalment_state(n.paid_on, n.closed_as), %s),
        ('due', o.due_on::text, n.due_on::text, said_on)) AS moved(kind, was, now, day)
    WHERE moved.was <> moved.now;
    RETURN NULL;
END $$
"""
ON_ITS_DAY = EVENTS % "COALESCE(n.paid_on, n.closed_on, said_on)"
ON_THE_DAY_SAID = EVENTS % "said_on"


class Migration(migrations.Migration):
    dependencies = [("policies", "0007_import_kinds"), ("policies", "0008_promises_and_claims")]
    operations = [
        migrations.AddField(
            model_name="bankrow",
            name="confirms",
            field=models.BooleanField(db_default=False, default=False, verbose_name="confirms a payment"),
        ),
        migrations.AddField(
            model_name="bankrow",
            name="note",
            field=models.CharField(blank=True, db_default="", default="", max_length=200, verbose_name="note"),
        ),
        migrations.AddField(
            model_name="bankrow",
            name="why",
            field=models.CharField(blank=True, choices=[("several", "Several premiums could be meant"), ("amount", "The premium owed is of another amount"), ("paid", "The premium was paid before"), ("lapsed", "The policy had lapsed before"), ("ended", "The policy has ended"), ("nothing", "No premium was due")], db_default="", default="", max_length=8, verbose_name="why it waits"),
        ),
        migrations.AddIndex(
            model_name="bankrow",
            index=models.Index(fields=["returned_on"], name="bank_rows_returned"),
        ),
        migrations.CreateModel(
            name="Branch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, verbose_name="branch")),
                ("insurer", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="branches", to="policies.insurer")),
            ],
            options={
                "verbose_name": "branch of the insurer",
                "verbose_name_plural": "branches of the insurers",
                "ordering": ("name",),
                "constraints": [models.UniqueConstraint(fields=("insurer", "name"), name="a_branch_is_known_once")],
            },
        ),
        migrations.RunSQL(
            [NEXT_DUE, DUE_AFTER],
            "DROP FUNCTION policies_due_after(date, integer, integer, date), policies_next_due(date, integer, date)",
        ),
        migrations.RunSQL(ON_ITS_DAY, ON_THE_DAY_SAID),
    ]
