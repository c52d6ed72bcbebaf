from django.db import migrations

from policies.lifecycle import MOVES

_ALLOWED = ", ".join(
    f"('{kind}', '{was}', '{now}')"
    for kind, moves in MOVES.items()
    for was, nexts in moves.items()
    for now in nexts
)
_SAID = """
    said_source text := COALESCE(NULLIF(current_setting('evergreen.source', true), ''), 'hand');
    said_on date := COALESCE(NULLIF(current_setting('evergreen.on', true), '')::date, current_date);
    said_by bigint := NULLIF(current_setting('evergreen.by', true), '')::bigint;
    said_batch bigint := NULLIF(current_setting('evergreen.batch', true), '')::bigint;
"""

STATE = """
CREATE FUNCTION policies_instalment_state(paid_on date, closed_as text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN closed_as <> '' THEN closed_as WHEN paid_on IS NOT NULL THEN 'paid' ELSE 'owed' END
$$
"""
GUARD = f"""
CREATE FUNCTION policies_check_move(kind text, was text, becomes text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF was = becomes OR current_setting('evergreen.source', true) = 'file'
        OR (kind, was, becomes) IN ({_ALLOWED}) THEN
        RETURN;
    END IF;
    RAISE EXCEPTION 'a % does not go from % to %', kind, was, becomes
        USING ERRCODE = 'check_violation', CONSTRAINT = 'moves_are_those_of_the_table';
END $$
"""
GUARD_POLICY = f"""
CREATE FUNCTION policies_policy_moves() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE {_SAID}
BEGIN
    PERFORM policies_check_move('policy', OLD.status, NEW.status);
    IF NEW.status IN ('in_force', 'lapsed', 'paid_up') THEN
        NEW.ended_on := NULL;
    ELSE
        NEW.ended_on := COALESCE(NEW.ended_on, said_on);
    END IF;
    RETURN NEW;
END $$
"""
GUARD_INSTALMENT = """
CREATE FUNCTION policies_instalment_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM policies_check_move('instalment',
        policies_instalment_state(OLD.paid_on, OLD.closed_as),
        policies_instalment_state(NEW.paid_on, NEW.closed_as));
    RETURN NEW;
END $$
"""
_INSERT = 'INSERT INTO policies_policyevent (policy_id, at, "on", source, kind, was, now, due_on, amount, by_id, batch_id)'
POLICY_EVENTS = f"""
CREATE FUNCTION policies_policy_events() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE {_SAID}
BEGIN
    {_INSERT}
    SELECT n.id, now(), said_on, said_source, moved.kind, moved.was, moved.now, NULL, NULL, said_by, said_batch
    FROM after_it n JOIN before_it o ON o.id = n.id,
    LATERAL (VALUES ('policy', o.status, n.status), ('mode', o.premium_mode, n.premium_mode))
        AS moved(kind, was, now)
    WHERE moved.was <> moved.now;
    RETURN NULL;
END $$
"""
INSTALMENT_EVENTS = f"""
CREATE FUNCTION policies_instalment_events() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE {_SAID}
BEGIN
    {_INSERT}
    SELECT n.policy_id, now(), said_on, said_source, moved.kind, moved.was, moved.now, n.due_on, n.amount,
        said_by, said_batch
    FROM after_it n JOIN before_it o ON o.id = n.id,
    LATERAL (VALUES
        ('instalment', policies_instalment_state(o.paid_on, o.closed_as),
            policies_instalment_state(n.paid_on, n.closed_as)),
        ('due', o.due_on::text, n.due_on::text)) AS moved(kind, was, now)
    WHERE moved.was <> moved.now;
    RETURN NULL;
END $$
"""
FORBID_CHANGE = """
CREATE FUNCTION policies_events_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'policy events are never changed';
END $$
"""
TRIGGERS = """
CREATE TRIGGER policy_moves BEFORE UPDATE OF status ON policies_policy FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION policies_policy_moves();
CREATE TRIGGER instalment_moves BEFORE UPDATE OF paid_on, closed_as ON policies_instalment FOR EACH ROW
    EXECUTE FUNCTION policies_instalment_moves();
CREATE TRIGGER policy_leaves_events AFTER UPDATE ON policies_policy
    REFERENCING OLD TABLE AS before_it NEW TABLE AS after_it
    FOR EACH STATEMENT EXECUTE FUNCTION policies_policy_events();
CREATE TRIGGER instalment_leaves_events AFTER UPDATE ON policies_instalment
    REFERENCING OLD TABLE AS before_it NEW TABLE AS after_it
    FOR EACH STATEMENT EXECUTE FUNCTION policies_instalment_events();
CREATE TRIGGER events_stay BEFORE UPDATE OF was, now, kind, source, "on", at ON policies_policyevent
    FOR EACH STATEMENT EXECUTE FUNCTION policies_events_stay()
"""
DROP = """
DROP TRIGGER events_stay ON policies_policyevent;
DROP TRIGGER instalment_leaves_events ON policies_instalment;
DROP TRIGGER policy_leaves_events ON policies_policy;
DROP TRIGGER instalment_moves ON policies_instalment;
DROP TRIGGER policy_moves ON policies_policy;
DROP FUNCTION policies_events_stay(), policies_instalment_events(), policies_policy_events(),
    policies_instalment_moves(), policies_policy_moves(), policies_check_move(text, text, text),
    policies_instalment_state(date, text)
"""
REINSTATE_BY = """
UPDATE policies_policy y SET reinstate_by = (y.lapses_on - 1 + make_interval(years => 2))::date
WHERE y.lapses_on IS NOT NULL
"""
CREATE = ";".join(
    (STATE, GUARD, GUARD_POLICY, GUARD_INSTALMENT, POLICY_EVENTS, INSTALMENT_EVENTS, FORBID_CHANGE, TRIGGERS)
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("policies", "0005_renewal_money")]
    operations = [
        migrations.RunSQL(REINSTATE_BY, migrations.RunSQL.noop),
        migrations.RunSQL(CREATE, DROP),
    ]
