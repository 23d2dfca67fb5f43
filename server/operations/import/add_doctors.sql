-- Adds the doctors who have no account yet, each with a calendar, hours and an entry in the audit log. They set their password
-- through "forgot password", as doctors do whom an admin adds.
WITH accounts AS (
	INSERT INTO users (email, full_name, phone, role, status)
	SELECT email, full_name, phone, 'doctor', 'active' FROM incoming ORDER BY line
	ON CONFLICT (email) DO NOTHING
	RETURNING id, email
),
practising AS (
	INSERT INTO doctors (id, specialty, time_zone)
	SELECT a.id, i.specialty, i.time_zone FROM accounts a JOIN incoming i USING (email)
),
plans AS (
	INSERT INTO schedule_plans (doctor_id, site_id, time_zone, slot_minutes, weekly)
	SELECT a.id, site, zone_unless_of_site(i.time_zone, site), i.slot_minutes, i.weekly
	FROM accounts a JOIN incoming i USING (email) CROSS JOIN LATERAL (SELECT site_of_zone(i.time_zone) AS site) chosen
	WHERE i.weekly IS NOT NULL
),
noted AS (
	INSERT INTO audit_log (action, entity, entity_id, details)
	SELECT 'imported', 'user', id::text, '{"role": "doctor"}' FROM accounts
)
SELECT coalesce(array_agg(id::text), '{}') AS "doctorIds", ((SELECT count(*) FROM incoming) - count(*))::integer AS present FROM accounts
