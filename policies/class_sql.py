"""The statement that classifies the whole book. docs/classification.md says the same in a table."""

# What the limits decide, which is asked again where other limits are tried (OTHERWISE, below).
JUDGEMENT = {
    # By how much a limit must be passed to leave the class of the month before, `b`.
    "up": """CASE WHEN b.auto_class IS NULL OR b.blocked <> '' THEN 0
                WHEN b.auto_class = 'develop' THEN -%(margin)s ELSE %(margin)s END""",
    "kept": """CASE WHEN b.auto_class IS NULL OR b.blocked <> '' THEN 0
                WHEN b.auto_class = 'maintain' THEN %(margin)s ELSE -%(margin)s END""",
    "decide": """CASE WHEN blocked <> '' THEN 'maintain'
                WHEN propensity >= %(develop_from)s + up AND relation >= %(relation_from)s + up THEN 'develop'
                WHEN propensity >= %(nurture_from)s + kept
                     OR value >= %(value_from)s + kept AND relation < %(relation_from)s - kept THEN 'nurture'
                ELSE 'maintain' END""",
    "tier": """CASE WHEN pays = 0 THEN 'maintenance'
            WHEN 100 * ahead < %(key_share)s * of_agent THEN 'key'
            WHEN 100 * ahead < (%(key_share)s + %(important_share)s) * of_agent THEN 'important'
            WHEN 100 * ahead < (%(key_share)s + %(important_share)s + %(general_share)s) * of_agent THEN 'general'
            ELSE 'maintenance' END""",
    "letter": "substr('ABCDDD', off_target + 1, 1)",
}

# Sums are whole numbers throughout, halves rounded up, so that a client at a limit falls on the
# same side of it on every machine.
CLASSIFY = """
INSERT INTO policies_clientclass AS k (client_id, month, {columns})
WITH held AS MATERIALIZED (
    SELECT p.holder_id,
           count(*) AS ever,
           count(*) FILTER (WHERE in_force) AS policies,
           coalesce(sum(p.premium * CASE p.premium_mode WHEN 'yearly' THEN 1 WHEN 'half_yearly' THEN 2
                                     WHEN 'quarterly' THEN 4 WHEN 'monthly' THEN 12 ELSE 0 END)
                    FILTER (WHERE in_force), 0) AS premium,
           coalesce(sum(p.sum_assured) FILTER (WHERE in_force), 0) AS sums,
           min(coalesce(p.effective_on, p.issued_on)) AS since,
           bool_or(p.status = 'in_force' AND p.next_due_on < %(month)s AND p.lapses_on > %(month)s) AS in_grace,
           bool_or(p.lapses_on >= %(year_ago)s AND p.lapses_on <= %(month)s AND p.status IN ('in_force', 'lapsed')
                   OR p.reinstated_on >= %(year_ago)s AND p.reinstated_on < %(month)s) AS lapsed_lately,
           bool_or(in_force AND r.kind = 'critical_illness') AS critical_illness,
           bool_or(in_force AND r.kind = 'medical') AS medical,
           bool_or(in_force AND r.kind IN ('whole_life', 'term')) AS life,
           bool_or(in_force AND r.kind = 'annuity') AS annuity
    FROM policies_policy p
    LEFT JOIN policies_product r ON r.id = p.product_id
    CROSS JOIN LATERAL (SELECT p.status IN ('in_force', 'paid_up')
                               AND (p.lapses_on IS NULL OR p.lapses_on > %(month)s) AS in_force) AS cover
    GROUP BY p.holder_id
), met AS MATERIALIZED (
    SELECT client_id, count(*) AS contacts FROM clients_contact
    WHERE "on" >= %(year_ago)s AND "on" < %(month)s AND undone_at IS NULL
          AND outcome NOT IN ('no_answer', 'not_home', 'wrong_number')
    GROUP BY client_id
), paid AS MATERIALIZED (
    SELECT p.holder_id, 100 * count(*) FILTER (WHERE i.paid_on <= i.grace_ends_on) / count(*) AS on_time
    FROM policies_instalment i JOIN policies_policy p ON p.id = i.policy_id
    WHERE i.due_on >= %(year_ago)s AND i.due_on < %(month)s AND i.closed_on IS NULL
          AND (i.paid_on IS NOT NULL OR i.grace_ends_on < %(month)s)
    GROUP BY p.holder_id
), moves AS MATERIALIZED (
    SELECT client_id, count(*) AS n FROM clients_moved
    WHERE "on" >= %(year_ago)s AND "on" < %(month)s GROUP BY client_id
), ranked AS (
    SELECT c.id, c.birth_on, c.deceased, c.do_not_contact, c.do_not_sell, c.complaint_open_since, h.*,
           coalesce(h.premium, 0) AS pays,
           least(coalesce(m.contacts, 0), 32000) AS contacts, t.on_time,
           coalesce(n.need, 10 * n.income) AS need, n.satisfied, n.referred, n.aware, n.means,
           NOT (h.in_grace IS TRUE OR h.lapsed_lately IS TRUE) AND h.ever > 0 AS quality,
           CASE WHEN c.address <> '' OR c.mobile <> '' OR c.phone <> ''
                THEN coalesce(v.n, 0) < %(moves_from)s END AS mobility,
           rank() OVER (ORDER BY coalesce(h.premium, 0)) - 1 AS below,
           count(*) OVER () - 1 AS others,
           row_number() OVER (PARTITION BY c.agent_id ORDER BY coalesce(h.premium, 0) DESC, c.id) - 1 AS ahead,
           count(*) OVER (PARTITION BY c.agent_id) AS of_agent,
           CASE WHEN h.since <= %(month)s THEN extract(year FROM age(%(month)s::date, h.since))::int
                WHEN h.since IS NOT NULL THEN 0 END AS years
    FROM clients_client c
    LEFT JOIN held h ON h.holder_id = c.id
    LEFT JOIN met m ON m.client_id = c.id
    LEFT JOIN paid t ON t.holder_id = c.id
    LEFT JOIN moves v ON v.client_id = c.id
    LEFT JOIN policies_known n ON n.client_id = c.id
), scored AS (
    SELECT r.*,
           (120 * below + others) / greatest(2 * others, 1)
               + 2 * least(coalesce(years, 0), 10) + 4 * least(coalesce(policies, 0), 5) AS value,
           CASE WHEN need IS NOT NULL
                THEN least(floor((200 * coalesce(sums, 0) + need) / (2 * need)), 100) END AS coverage,
           (100 * least(contacts, 12) + 12) / 24 + 20 * coalesce(satisfied, false)::int
               + 20 * coalesce(referred, false)::int + coalesce(on_time + 5, 0) / 10 AS relation,
           47 + 8 * (years IS NOT NULL)::int + 30 * (need IS NOT NULL)::int + 6 * (satisfied IS NOT NULL)::int
               + 6 * (referred IS NOT NULL)::int + 3 * (on_time IS NOT NULL)::int AS confidence,
           (quality IS FALSE)::int + (aware IS FALSE)::int + (satisfied IS FALSE)::int + (means IS FALSE)::int
               + (mobility IS FALSE)::int AS off_target,
           CASE WHEN deceased THEN 'deceased' WHEN do_not_contact THEN 'no_contact'
                WHEN complaint_open_since IS NOT NULL THEN 'complaint' WHEN do_not_sell THEN 'no_sales'
                WHEN ever > 0 AND policies = 0 THEN 'lapsed'
                WHEN birth_on <= %(old_birth)s THEN 'old' ELSE '' END AS blocked
    FROM ranked r
), weighed AS (
    SELECT s.*, o.id AS override_id, o.client_class AS by_hand, coalesce(b.final_class, '') AS last_class,
           CASE WHEN s.coverage IS NULL THEN (2 * (4 * s.value + 3 * s.relation) + 7) / 14
                ELSE (2 * (4 * s.value + 3 * (100 - s.coverage::int) + 3 * s.relation) + 10) / 20 END AS propensity,
           {up} AS up, {kept} AS kept
    FROM scored s
    LEFT JOIN policies_clientclass b ON b.month = %(last_month)s AND b.client_id = s.id
    LEFT JOIN policies_classoverride o ON o.client_id = s.id AND o.lifted_at IS NULL AND o.until >= %(month)s
), classed AS (
    SELECT w.*,
           {decide} AS auto_class
    FROM weighed w
)
SELECT id, %(month)s, value, coverage, relation, propensity, confidence,
       100 * below / greatest(others, 1), years, least(coalesce(policies, 0), 32000), contacts, on_time,
       pays, coalesce(sums, 0),
       {tier},
       blocked,
       CASE WHEN blocked IN ('deceased', 'no_contact') THEN ''
            WHEN blocked = 'complaint' THEN 'complaint'
            WHEN blocked = 'lapsed' THEN 'reinstate'
            WHEN in_grace THEN 'grace'
            WHEN coalesce(by_hand, auto_class) = 'maintain' THEN 'care'
            WHEN relation < %(relation_from)s AND coalesce(by_hand, auto_class) = 'nurture' THEN 'meet'
            WHEN critical_illness IS NOT TRUE THEN 'critical_illness'
            WHEN medical IS NOT TRUE THEN 'medical'
            WHEN life IS NOT TRUE THEN 'life'
            WHEN annuity IS NOT TRUE THEN 'annuity'
            ELSE 'review' END,
       quality, aware, satisfied, means, mobility, {letter},
       auto_class, coalesce(by_hand, auto_class), last_class, override_id
FROM classed
ON CONFLICT (month, client_id) DO UPDATE SET ({columns}) = ROW ({excluded})
WHERE ({standing}) IS DISTINCT FROM ({excluded})
"""

# Who has no class is served as one to be maintained, and need not be written to say so. A form that
# is open on the client is told that somebody changed the class; of the letter it knows nothing.
UPDATE_CLIENTS = """
UPDATE clients_client c SET attention = k.attention, tier = t.tier, version = c.version + ({moved})::int,
    client_class = CASE WHEN {moved} THEN k.final_class ELSE c.client_class END,
    class_since = CASE WHEN NOT {moved} THEN c.class_since WHEN k.last_class <> '' THEN k.month END
FROM policies_clientclass k
CROSS JOIN LATERAL (SELECT CASE WHEN k.tier IN ('key', 'important') THEN k.tier ELSE '' END AS tier) AS t
WHERE k.month = %(month)s AND k.client_id = c.id
      AND ({moved} OR c.attention <> k.attention OR c.tier <> t.tier)
""".replace("{moved}", "(coalesce(nullif(c.client_class, ''), 'maintain') <> k.final_class)")

# The latest month judged again by other limits: its scores stand, and what follows from them is asked anew.
OTHERWISE = """
WITH moves AS MATERIALIZED (
    SELECT client_id, count(*) AS n FROM clients_moved
    WHERE "on" >= %(year_ago)s AND "on" < %(month)s GROUP BY client_id
), weighed AS (
    SELECT k.client_id, k.premium, k.premium AS pays, k.propensity, k.relation, k.value, k.final_class, k.tier,
           k.attention, o.client_class AS by_hand,
           CASE WHEN k.blocked NOT IN ('', 'old') THEN k.blocked
                WHEN c.birth_on <= %(old_birth)s THEN 'old' ELSE '' END AS blocked,
           (k.quality_ok IS FALSE)::int + (k.awareness_ok IS FALSE)::int + (k.satisfaction_ok IS FALSE)::int
               + (k.means_ok IS FALSE)::int
               + (k.mobility_ok IS NOT NULL AND coalesce(v.n, 0) >= %(moves_from)s)::int AS off_target,
           row_number() OVER (PARTITION BY c.agent_id ORDER BY k.premium DESC, c.id) - 1 AS ahead,
           count(*) OVER (PARTITION BY c.agent_id) AS of_agent,
           {up} AS up, {kept} AS kept
    FROM policies_clientclass k
    JOIN clients_client c ON c.id = k.client_id
    LEFT JOIN moves v ON v.client_id = k.client_id
    LEFT JOIN policies_classoverride o ON o.id = k.override_id
    LEFT JOIN policies_clientclass b ON b.month = %(last_month)s AND b.client_id = k.client_id
    WHERE k.month = %(month)s
), judged AS (
    SELECT *, coalesce(by_hand, {decide}) AS new_class, {tier} AS new_tier, {letter} AS new_letter FROM weighed
)
"""
