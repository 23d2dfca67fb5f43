-- Which steps of setting up a clinic are done. What the migrations made counts once an admin has changed it.
SELECT
	EXISTS (SELECT FROM clinic WHERE updated_at IS NOT NULL) AS clinic,
	EXISTS (SELECT FROM sites WHERE updated_at IS NOT NULL AND archived_at IS NULL) AS sites,
	EXISTS (SELECT FROM appointment_types WHERE updated_at IS NOT NULL AND archived_at IS NULL) AS types,
	EXISTS (SELECT FROM users WHERE role = 'doctor' AND status = 'active') AS doctors,
	EXISTS (SELECT FROM schedule_plans WHERE weekly <> '[]') AS hours,
	EXISTS (SELECT FROM users WHERE role = 'receptionist' AND status = 'active' AND NOT is_program) AS reception,
	EXISTS (SELECT FROM closures) AS closures,
	EXISTS (SELECT FROM appointments) AS booking
