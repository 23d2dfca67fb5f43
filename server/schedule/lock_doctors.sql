-- In the order of ids, so that two who lock several never wait for each other. NO KEY: bookings refer to the doctor meanwhile.
SELECT id FROM doctors WHERE id = ANY (:doctorIds::bigint[]) ORDER BY id FOR NO KEY UPDATE
