import type { Knex } from 'knex'

const refusesItsCleanUp =
	'The version before deletes old entries at night by itself: that is refused, logged, and done by the first node of this version'

export const survives = {
	'trigger audit_log.audit_log_is_append_only is new or different': refusesItsCleanUp,
	'trigger audit_log.audit_log_is_not_emptied is new or different': 'No version empties the table',
}

/**
 * Entries of the audit log are never changed, and only the function that the retention job calls deletes them. It runs with the rights
 * of the table's owner, and keeps entries younger than thirty days, whatever its arguments say.
 */
export function up(knex: Knex) {
	return knex.raw(`
		CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF TG_OP = 'DELETE' AND current_setting('liveslot.retention', true) = 'on' THEN
				RETURN OLD;
			END IF;
			RAISE EXCEPTION 'the audit log is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
		END $$;

		CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE ON audit_log
			FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
		CREATE TRIGGER audit_log_is_not_emptied BEFORE TRUNCATE ON audit_log
			FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

		CREATE FUNCTION forget_audit(older_than timestamptz, at_most integer) RETURNS integer
		LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
		DECLARE
			gone integer;
		BEGIN
			PERFORM set_config('liveslot.retention', 'on', true);
			DELETE FROM public.audit_log WHERE ctid = ANY (ARRAY(
				SELECT ctid FROM public.audit_log WHERE at < least(older_than, now() - interval '30 days') LIMIT at_most
			));
			GET DIAGNOSTICS gone = ROW_COUNT;
			PERFORM set_config('liveslot.retention', 'off', true);
			RETURN gone;
		END $$;
		REVOKE EXECUTE ON FUNCTION forget_audit FROM PUBLIC;
	`)
}

export function down(knex: Knex) {
	return knex.raw(`
		DROP FUNCTION forget_audit;
		DROP TRIGGER audit_log_is_not_emptied ON audit_log;
		DROP TRIGGER audit_log_is_append_only ON audit_log;
		DROP FUNCTION refuse_audit_change;
	`)
}
