-- Removes every table and function of ours with all that depends on them, so that migrations can start from nothing. Extensions,
-- rights on the schema and the job runner's table stay. All names are read first: what a table drags along has no name any more.
DO $$
DECLARE
	statements text[] := ARRAY(
		SELECT format('DROP TABLE IF EXISTS %s CASCADE', c.oid::regclass)
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE 'agenda\_%'
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
	) || ARRAY(
		SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure)
		FROM pg_proc p
		WHERE p.pronamespace = 'public'::regnamespace
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
	);
	statement text;
BEGIN
	FOREACH statement IN ARRAY statements LOOP
		EXECUTE statement;
	END LOOP;
END $$
