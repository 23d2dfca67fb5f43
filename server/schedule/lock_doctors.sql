-- In the order of ids, so that two transactions never wait for each other. NO KEY, because bookings refer to the doctor meanwhile.
SELECT id FROM doctors WHERE id = ANY (:doctorIds::bigint[]) ORDER BY id FOR NO KEY UPDATE
