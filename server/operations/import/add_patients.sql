-- Adds the patients who have no file yet, each with an entry in the audit log. Two lines with the same name, birth date, number
-- and address are one person, so that a file can be imported again, and may name a patient twice.
WITH wanted AS (
	SELECT DISTINCT ON (name, born, digits, address) *
	FROM (
		SELECT *, lower(full_name) AS name, coalesce(birth_date, 'infinity') AS born,
			coalesce(regexp_replace(phone, '[^0-9]', '', 'g'), '') AS digits, coalesce(email, '') AS address
		FROM incoming
	) lines
	ORDER BY name, born, digits, address, line
),
added AS (
	INSERT INTO patients (full_name, phone, email, birth_date, language, time_zone)
	SELECT full_name, phone, email, birth_date, coalesce(language, 'en'), time_zone
	FROM wanted w
	WHERE NOT EXISTS (
		SELECT FROM patients p
		WHERE lower(p.full_name) = w.name AND coalesce(p.birth_date, 'infinity') = w.born
			AND coalesce(p.phone_digits, '') = w.digits AND coalesce(lower(p.email), '') = w.address
	)
	ORDER BY line
	RETURNING id
),
noted AS (
	INSERT INTO audit_log (action, entity, entity_id) SELECT 'imported', 'patient', id::text FROM added
)
SELECT (SELECT count(*) FROM added)::integer AS added,
	((SELECT count(*) FROM incoming) - (SELECT count(*) FROM added))::integer AS present
