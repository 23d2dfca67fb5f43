-- Inserts the people of the demo clinic, from JSON. A patient with an account has the id of the account.
WITH accounts AS (
	INSERT INTO users (email, password_hash, full_name, phone, role, status, created_at, updated_at)
	SELECT email, :passwordHash, "fullName", phone, role, 'active', now() - interval '150 days', now() - interval '150 days'
	FROM (
		SELECT 1 AS part, ordinality, email, "fullName", NULL AS phone, role
		FROM ROWS FROM (jsonb_to_recordset(:staff::jsonb) AS (email text, "fullName" text, role text)) WITH ORDINALITY
		UNION ALL
		SELECT 2, ordinality, email, "fullName", NULL, 'doctor'
		FROM ROWS FROM (jsonb_to_recordset(:doctors::jsonb) AS (email text, "fullName" text)) WITH ORDINALITY
		UNION ALL
		SELECT 3, ordinality, email, "fullName", phone, 'patient'
		FROM ROWS FROM (jsonb_to_recordset(:patients::jsonb) AS (email text, "fullName" text, phone text)) WITH ORDINALITY
	) people
	ORDER BY part, ordinality
	RETURNING id, email
),
practising AS (
	INSERT INTO doctors (id, specialty, time_zone, title, bio, languages, specialty_code)
	SELECT id, specialty, "timeZone", title, bio, languages, "specialtyCode"
	FROM jsonb_to_recordset(:doctors::jsonb)
		AS d (email text, specialty text, "timeZone" text, title text, bio text, languages text[], "specialtyCode" text)
	JOIN accounts USING (email)
),
plans AS (
	INSERT INTO schedule_plans (doctor_id, site_id, time_zone, slot_minutes, weekly)
	SELECT id, site, zone_unless_of_site("timeZone", site), "slotMinutes", weekly
	FROM jsonb_to_recordset(:doctors::jsonb) AS d (email text, "timeZone" text, "slotMinutes" integer, weekly jsonb)
	JOIN accounts USING (email)
	CROSS JOIN LATERAL (SELECT site_of_zone("timeZone") AS site) chosen
),
files AS (
	INSERT INTO patients (id, user_id, full_name, phone, email, birth_date)
	SELECT id, id, "fullName", phone, email, "birthDate"
	FROM jsonb_to_recordset(:patients::jsonb) AS p (email text, "fullName" text, phone text, "birthDate" date)
	JOIN accounts USING (email)
)
INSERT INTO patients (full_name, phone, email, birth_date)
SELECT "fullName", phone, email, "birthDate"
FROM jsonb_to_recordset(:callers::jsonb) AS c (email text, "fullName" text, phone text, "birthDate" date)
