-- The parts of the schema that keep the data consistent, one row each: constraints (except NOT NULL, which only PostgreSQL 18 and
-- later list), valid indexes, triggers and functions. Leaves out those of extensions and of the job runner.
WITH ours AS (
	SELECT oid, relname FROM pg_class c
	WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
		AND relname NOT IN ('migrations', 'migrations_lock') AND relname NOT LIKE 'agenda\_%'
		AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
)
SELECT format('constraint %s.%s', relname, conname) AS name, pg_get_constraintdef(c.oid) AS definition
FROM pg_constraint c JOIN ours ON ours.oid = c.conrelid
WHERE contype IN ('c', 'f', 'p', 'u', 'x')
UNION ALL
SELECT format('index %s.%s', ours.relname, i.relname), regexp_replace(pg_get_indexdef(i.oid), '^.* USING ', CASE WHEN indisunique THEN 'unique ' ELSE '' END)
FROM pg_index JOIN ours ON ours.oid = indrelid JOIN pg_class i ON i.oid = indexrelid
WHERE indisvalid AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.oid AND conrelid = indrelid)
UNION ALL
SELECT format('trigger %s.%s', relname, tgname), regexp_replace(pg_get_triggerdef(t.oid), '^CREATE (CONSTRAINT )?TRIGGER \S+ ', '')
FROM pg_trigger t JOIN ours ON ours.oid = tgrelid
WHERE NOT tgisinternal AND tgenabled <> 'D'
UNION ALL
SELECT format('function %s', p.proname), pg_get_function_arguments(p.oid)
FROM pg_proc p
WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1, 2
