-- The tables with the clinic's own records: their columns, except computed ones, and the tables that they refer to. Leaves out the
-- list of migrations, which a restore creates itself, and the job runner's tables, which nodes fill by themselves.
SELECT c.relname AS name,
	ARRAY(
		SELECT attname::text FROM pg_attribute
		WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
	) AS columns,
	ARRAY(
		SELECT DISTINCT confrelid::regclass::text FROM pg_constraint
		WHERE conrelid = c.oid AND contype = 'f' AND confrelid <> c.oid
	) AS "refersTo"
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
	AND c.relname NOT IN ('migrations', 'migrations_lock') AND c.relname NOT LIKE 'agenda\_%'
	AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname
