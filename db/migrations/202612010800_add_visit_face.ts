import type { Knex } from 'knex'

/**
 * What every message, link page and calendar entry says of a visit beside its time: who the clinic is, where the visit is, and what
 * its kind asks for. One function, so that they all say the same.
 */
export function up(knex: Knex) {
	return knex.raw(`
		CREATE FUNCTION clinic_face() RETURNS jsonb LANGUAGE sql STABLE AS $$
			SELECT jsonb_strip_nulls(jsonb_build_object('name', name, 'address', address, 'phone', phone, 'website', website, 'locale', locale,
				'privacyUrl', privacy_url, 'imprintUrl', imprint_url, 'accent', accent, 'logoUrl', '/api/v1/clinic/logo\\?v=' || logo_version))
			FROM clinic
		$$;

		-- The site is that of the visit's slot; without a slot, that of the doctor's plan on that day.
		CREATE FUNCTION visit_face(visit_id bigint, reader_language text) RETURNS jsonb LANGUAGE sql STABLE AS $$
			SELECT jsonb_strip_nulls(jsonb_build_object(
				'clinic', clinic_face(),
				'place', CASE WHEN site.id IS NOT NULL THEN jsonb_build_object(
					'name', site.name, 'address', site.address, 'phone', site.phone, 'directions', site.directions) END,
				'typeName', coalesce(t.names ->> reader_language, t.name),
				'price', t.price,
				'instructions', t.instructions))
			FROM appointments a
			JOIN appointment_types t ON t.id = a.type_id
			LEFT JOIN LATERAL (
				SELECT sites.*
				FROM (
					SELECT 1 AS choice, s.site_id FROM appointment_slots s WHERE s.doctor_id = a.doctor_id AND s.starts_at = a.starts_at
					UNION ALL
					SELECT 2, p.site_id FROM schedule_plans p
					WHERE p.doctor_id = a.doctor_id
						AND coalesce(p.valid_from, '-infinity') <= a.starts_at::date AND coalesce(p.valid_until, 'infinity') >= a.starts_at::date
				) known
				JOIN sites ON sites.id = known.site_id
				ORDER BY choice LIMIT 1
			) site ON true
			WHERE a.id = visit_id
		$$;
	`)
}

export function down(knex: Knex) {
	return knex.raw('DROP FUNCTION visit_face(bigint, text), clinic_face()')
}
