from django.db import migrations, models

from policies.lifecycle import MOVES


def guard(moves: list[tuple[str, str, str]]) -> str:
    allowed = ", ".join(f"('{kind}', '{was}', '{now}')" for kind, was, now in moves)
    return f"""
CREATE OR REPLACE FUNCTION policies_check_move(kind text, was text, becomes text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF was = becomes OR current_setting('evergreen.source', true) = 'file'
        OR (kind, was, becomes) IN ({allowed}) THEN
        RETURN;
    END IF;
    RAISE EXCEPTION 'a % does not go from % to %', kind, was, becomes
        USING ERRCODE = 'check_violation', CONSTRAINT = 'moves_are_those_of_the_table';
END $$
"""


NOW = [
    (kind, was, becomes)
    for kind, moves in MOVES.items()
    for was, nexts in moves.items()
    for becomes in nexts
]
BEFORE = [move for move in NOW if "transferred" not in move]


class Migration(migrations.Migration):
    dependencies = [("policies", "0028_board_premium")]
    operations = [
        migrations.RunSQL(guard(NOW), guard(BEFORE)),
        migrations.AlterField(
            "policy",
            "status",
            models.CharField(
                choices=[
                    ("in_force", "In force"),
                    ("lapsed", "Lapsed"),
                    ("paid_up", "Reduced paid-up"),
                    ("claimed", "Ended by a claim"),
                    ("terminated", "Terminated"),
                    ("surrendered", "Surrendered"),
                    ("cooled_off", "Withdrawn in cooling-off"),
                    ("matured", "Matured"),
                    ("transferred", "Transferred out"),
                ],
                default="in_force",
                max_length=12,
                verbose_name="status",
            ),
        ),
    ]
