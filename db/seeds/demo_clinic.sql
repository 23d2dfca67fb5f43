-- The group practice itself: who it is, its sites, and what it offers, from JSON. The site that the migrations made becomes its first.
WITH practice AS (
	UPDATE clinic
	SET name = c.name, address = c.address, phone = c.phone, email = c.email, website = c.website, time_zone = c."timeZone",
		privacy_url = c."privacyUrl", imprint_url = c."imprintUrl", accent = c.accent, updated_at = now()
	FROM jsonb_to_record(:clinic::jsonb) AS c (name text, address jsonb, phone text, email text, website text, "timeZone" text,
		"privacyUrl" text, "imprintUrl" text, accent text)
),
wanted AS (
	SELECT * FROM ROWS FROM (jsonb_to_recordset(:sites::jsonb)
		AS (name text, address jsonb, phone text, "timeZone" text, directions text)) WITH ORDINALITY
		AS s (name, address, phone, time_zone, directions, ordinality)
),
first_site AS (
	UPDATE sites
	SET name = w.name, address = w.address, phone = w.phone, time_zone = w.time_zone, directions = w.directions, updated_at = now()
	FROM wanted w
	WHERE w.ordinality = 1 AND sites.id = (SELECT min(id) FROM sites)
),
other_sites AS (
	INSERT INTO sites (name, address, phone, time_zone, directions, updated_at)
	SELECT name, address, phone, time_zone, directions, now() FROM wanted WHERE ordinality > 1 ORDER BY ordinality
)
INSERT INTO appointment_types (name, minutes, position, description, instructions, min_notice_minutes, daily_limit, price, visibility, color,
	names, by_all_doctors, updated_at)
SELECT name, minutes, ordinality - 1, description, instructions, coalesce("minNoticeMinutes", 0), "dailyLimit", price,
	coalesce(visibility, 'public'), color, names, specialty IS NULL, now()
FROM ROWS FROM (jsonb_to_recordset(:types::jsonb)
	AS (name text, minutes integer, description text, instructions text, "minNoticeMinutes" integer, "dailyLimit" integer, price text,
		visibility text, color text, names jsonb, specialty text)) WITH ORDINALITY
ON CONFLICT (name) DO UPDATE SET
	minutes = excluded.minutes, position = excluded.position, description = excluded.description, instructions = excluded.instructions,
	price = excluded.price, color = excluded.color, names = excluded.names, updated_at = now()
