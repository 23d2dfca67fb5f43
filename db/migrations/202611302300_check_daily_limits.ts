import type { Knex } from 'knex'

/**
 * Refuses a batch that would exceed a type's limit of visits a day, for the statement that settles it. `days` are `{doctor_id, type_id,
 * from_minute, until_minute, visit_limit}`. `written` is computed from what the statement writes, so that it is written by then: a
 * volatile function sees what the statement that calls it has written so far. The lock makes two nodes that settle for one doctor,
 * of which one has lost its lease, count one after the other.
 */
export const up = (knex: Knex) =>
	knex.raw(`
		CREATE FUNCTION expect_daily_limits(days jsonb, written bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
		DECLARE
			day record;
			visits bigint;
		BEGIN
			FOR day IN
				SELECT DISTINCT * FROM jsonb_to_recordset(days)
					AS d (doctor_id bigint, type_id bigint, from_minute int, until_minute int, visit_limit int)
				ORDER BY doctor_id, type_id, from_minute
			LOOP
				PERFORM pg_advisory_xact_lock(7204, (day.doctor_id % 2147483647)::int);
				SELECT count(*) INTO visits
				FROM appointments a
				WHERE a.doctor_id = day.doctor_id AND a.type_id = day.type_id AND a.status <> 'cancelled'
				  AND a.starts_at >= to_timestamp(day.from_minute * 60.0) AND a.starts_at < to_timestamp(day.until_minute * 60.0);
				IF visits > day.visit_limit THEN
					RAISE EXCEPTION 'visits a day: at most %, found %', day.visit_limit, visits USING ERRCODE = 'LS002';
				END IF;
			END LOOP;
		END $$
	`)

export const down = (knex: Knex) => knex.raw('DROP FUNCTION expect_daily_limits')
