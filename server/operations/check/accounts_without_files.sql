-- Every doctor's account has a calendar, and every patient's account a file, under the id of the account.
SELECT format('account %s is a %s''s and has no %s', u.id, u.role, CASE u.role WHEN 'doctor' THEN 'calendar' ELSE 'file' END) AS finding
FROM users u
WHERE u.role = 'doctor' AND NOT EXISTS (SELECT FROM doctors d WHERE d.id = u.id)
	OR u.role = 'patient' AND NOT EXISTS (SELECT FROM patients p WHERE p.user_id = u.id)
UNION ALL
SELECT format('patient %s belongs to account %s, which has another number', id, user_id) FROM patients WHERE user_id <> id
