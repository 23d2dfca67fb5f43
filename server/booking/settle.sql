-- Settles a batch of requests: every appointment, slot, outcome and audit line of it, or nothing.
-- What patients are told of it is written down along with it (server/reminders), so that it is neither lost nor invented.
-- What was read before it was decided is checked again here: a slot must still be free and open, an appointment
-- unchanged, a key unused. The exclusion constraints of appointments have the last word.
-- Patients are locked first, in order: two batches that insert overlapping visits of one patient would otherwise each
-- wait in the exclusion constraint for the other, until PostgreSQL notices the deadlock a second later.
WITH locked AS MATERIALIZED (
    SELECT count(*) AS patients
    FROM (
        SELECT pg_advisory_xact_lock(7203, (patient_id % 2147483647)::int)
        FROM (SELECT DISTINCT unnest($33::bigint[]) AS patient_id ORDER BY patient_id) ordered
    ) locks
),
booked AS (
    INSERT INTO appointments (doctor_id, patient_id, type_id, starts_at, ends_at, slot_starts, reason, booked_by, idempotency_key)
    SELECT b.doctor_id, b.patient_id, b.type_id, slots.starts[1], to_timestamp(b.end_minute * 60.0), slots.starts,
           b.reason, b.booked_by, b.idempotency_key
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::int[], $6::text[], $7::bigint[], $8::text[])
         AS b (doctor_id, patient_id, type_id, slot_minutes, end_minute, reason, booked_by, idempotency_key)
    CROSS JOIN LATERAL (
        SELECT array_agg(to_timestamp(minute::int * 60.0) ORDER BY minute::int) AS starts
        FROM unnest(string_to_array(b.slot_minutes, ' ')) AS minute
    ) slots
    WHERE (SELECT patients FROM locked) >= 0
    RETURNING id, doctor_id, patient_id, starts_at, slot_starts, booked_by, idempotency_key
),
changed AS (
    UPDATE appointments a
    SET doctor_id = c.doctor_id,
        starts_at = to_timestamp(c.start_minute * 60.0),
        ends_at = to_timestamp(c.end_minute * 60.0),
        slot_starts = ARRAY(SELECT to_timestamp(minute::int * 60.0) FROM unnest(string_to_array(c.slot_minutes, ' ')) AS minute),
        status = c.status,
        cancel_reason = coalesce(c.cancel_reason, a.cancel_reason),
        confirmed_at = CASE WHEN c.kind = 'status' THEN a.confirmed_at END,
        sequence = a.sequence + 1,
        updated_at = now()
    FROM unnest($9::bigint[], $10::int[], $11::bigint[], $12::text[], $13::int[], $14::int[], $15::text[], $16::text[], $34::text[])
         AS c (id, sequence, doctor_id, slot_minutes, start_minute, end_minute, status, cancel_reason, kind)
    WHERE a.id = c.id AND a.sequence = c.sequence AND (SELECT patients FROM locked) >= 0
    RETURNING a.id, a.sequence, a.patient_id, a.starts_at, c.kind
),
freed AS (
    UPDATE appointment_slots s
    SET appointment_id = NULL
    FROM unnest($17::bigint[], $18::int[], $19::bigint[]) AS f (doctor_id, start_minute, appointment_id)
    WHERE s.doctor_id = f.doctor_id
      AND s.starts_at = to_timestamp(f.start_minute * 60.0)
      AND s.appointment_id = f.appointment_id
),
taken AS (
    UPDATE appointment_slots s
    SET appointment_id = t.appointment_id
    FROM (
        SELECT id AS appointment_id, doctor_id, unnest(slot_starts) AS starts_at FROM booked
        UNION ALL
        SELECT m.appointment_id, m.doctor_id, to_timestamp(m.start_minute * 60.0)
        FROM unnest($20::bigint[], $21::int[], $22::bigint[]) AS m (doctor_id, start_minute, appointment_id)
    ) t
    WHERE s.doctor_id = t.doctor_id AND s.starts_at = t.starts_at AND s.appointment_id IS NULL AND NOT s.is_blocked
    RETURNING 1
),
requests AS (
    SELECT q.*, coalesce(q.appointment_id, booked.id) AS outcome_id
    FROM unnest($23::bigint[], $24::text[], $25::text[], $26::uuid[], $27::text[], $28::bigint[], $29::text[], $30::text[], $31::text[])
         AS q (requested_by, idempotency_key, fingerprint, request_id, refusal, appointment_id, action, ip, trace_id)
    LEFT JOIN booked ON booked.booked_by = q.requested_by AND booked.idempotency_key = q.idempotency_key
),
settled AS (
    INSERT INTO booking_requests (requested_by, idempotency_key, fingerprint, request_id, refusal, appointment_id)
    SELECT requested_by, idempotency_key, fingerprint, request_id, refusal, outcome_id FROM requests
    ON CONFLICT DO NOTHING
    RETURNING 1
),
noted AS (
    INSERT INTO audit_log (actor_id, action, entity, entity_id, ip, request_id)
    SELECT requested_by, action, 'appointment', outcome_id::text, ip, trace_id FROM requests WHERE refusal IS NULL
),
-- About to be told, or given up and perhaps tried again: carried along when only the visit's status changes.
carried AS (
    UPDATE notification_queue n
    SET appointment_sequence = changed.sequence
    FROM changed
    WHERE changed.kind = 'status' AND n.appointment_id = changed.id AND n.appointment_sequence = changed.sequence - 1
      AND n.status IN ('due', 'failed')
),
-- Void once the visit is cancelled or moved; what was tried again after a move is so at the next change.
outdated AS (
    UPDATE notification_queue n
    SET status = 'void', settled_at = now(),
        last_error = CASE WHEN changed.kind = 'status' THEN 'the visit had moved' ELSE 'the visit was ' || changed.kind END
    FROM changed
    WHERE n.appointment_id = changed.id AND n.appointment_sequence < changed.sequence AND n.status = 'due'
      AND NOT (changed.kind = 'status' AND n.appointment_sequence = changed.sequence - 1)
),
told AS (
    SELECT news.*, channel
    FROM (
        SELECT id, 0 AS sequence, patient_id, starts_at, 'booked' AS kind FROM booked
        UNION ALL
        SELECT id, sequence, patient_id, starts_at, kind FROM changed WHERE kind <> 'status'
    ) news
    JOIN patients p ON p.id = news.patient_id
    CROSS JOIN unnest($35::text[]) AS channel
    WHERE CASE channel
        WHEN 'email' THEN p.notify_email AND p.email IS NOT NULL
        WHEN 'sms' THEN p.notify_sms AND p.phone IS NOT NULL
        WHEN 'push' THEN p.notify_push AND EXISTS (SELECT FROM push_subscriptions s WHERE s.user_id = p.user_id)
    END
),
-- A lead time that has passed already is skipped: what it would say was said at once.
notified AS (
    INSERT INTO notification_queue (appointment_id, appointment_sequence, channel, kind, lead_minutes, due_at, is_planned)
    SELECT id, sequence, channel, kind, -1, now(), channel = 'email' FROM told
    UNION ALL
    SELECT id, sequence, channel, 'reminder', lead, starts_at - make_interval(mins => lead), channel = 'email'
    FROM told CROSS JOIN unnest($36::int[]) AS lead
    WHERE kind <> 'cancelled' AND starts_at - make_interval(mins => lead) > now()
),
checked AS (
    SELECT expect_count('slots taken', $32, (SELECT count(*) FROM taken)),
           expect_count('appointments changed', cardinality($9::bigint[]), (SELECT count(*) FROM changed)),
           expect_count('requests settled', cardinality($23::bigint[]), (SELECT count(*) FROM settled))
)
SELECT booked.id::text, booked.booked_by::text, booked.idempotency_key, floor(extract(epoch FROM now()) * 1000)::bigint AS settled_ms
FROM checked LEFT JOIN booked ON true
