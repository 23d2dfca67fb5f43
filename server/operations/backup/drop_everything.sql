-- Removes every table and function of ours with all that depends on them, so that migrations can start from nothing. Extensions,
-- rights on the schema and the job runner's table stay.
DO $$
DECLARE
	statement text;
BEGIN
	FOR statement IN
		SELECT format('DROP TABLE %s CASCADE', c.oid::regclass)
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE 'agenda\_%'
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
		UNION ALL
		SELECT format('DROP ROUTINE %s CASCADE', p.oid::regprocedure)
		FROM pg_proc p
		WHERE p.pronamespace = 'public'::regnamespace
			AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
	LOOP
		EXECUTE statement;
	END LOOP;
END $$
