-- Removes the lines that only the database can recognise as bad, and returns the reasons: PostgreSQL's list of time zones may be
-- older than Node's.
DELETE FROM incoming
WHERE time_zone IS NOT NULL AND time_zone NOT IN (SELECT name FROM pg_timezone_names)
RETURNING line, 'time_zone: the database does not know it' AS reason
