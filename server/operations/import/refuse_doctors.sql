-- Removes the lines that only the database can recognise as bad, and returns the reasons.
WITH judged AS (
	SELECT i.line, CASE
		WHEN u.role <> 'doctor' THEN 'email: is that of an account that is not a doctor''s'
		WHEN min(i.line) OVER (PARTITION BY i.email) < i.line THEN 'email: is the same as in line ' || min(i.line) OVER (PARTITION BY i.email)
		WHEN i.time_zone NOT IN (SELECT name FROM pg_timezone_names) THEN 'time_zone: the database does not know it'
	END AS reason
	FROM incoming i LEFT JOIN users u USING (email)
)
DELETE FROM incoming USING judged
WHERE incoming.line = judged.line AND judged.reason IS NOT NULL
RETURNING incoming.line, judged.reason
