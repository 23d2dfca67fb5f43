-- Settles a batch of requests: writes every appointment, slot, outcome and audit entry of it, or nothing.
-- $1 is the batch as one JSON object (settlementOf in write.ts). A function that reminders owns writes the patients' messages in the
-- same statement, so that none is lost and none is sent for a change that failed. The statement checks again what was read before
-- deciding: a slot must still be free and open, an appointment unchanged, a key unused. The exclusion constraints of appointments
-- have the last word.
-- Patients are locked first, in order: two batches that insert overlapping visits of one patient would otherwise each wait in the
-- exclusion constraint for the other, until PostgreSQL notices the deadlock a second later.
WITH locked AS MATERIALIZED (
    SELECT count(*) AS patients
    FROM (
        SELECT pg_advisory_xact_lock(7203, (patient_id % 2147483647)::int)
        FROM (SELECT DISTINCT value::bigint AS patient_id FROM jsonb_array_elements_text($1::jsonb -> 'patients') ORDER BY 1) ordered
    ) locks
),
booked AS (
    INSERT INTO appointments (doctor_id, patient_id, type_id, starts_at, ends_at, slot_starts, reason, booked_by, idempotency_key,
                              status, kind, extra_reason, allowed_by)
    SELECT b.doctor_id, b.patient_id, b.type_id, to_timestamp(b.start_minute * 60.0), to_timestamp(b.end_minute * 60.0),
           ARRAY(SELECT to_timestamp(minute * 60.0) FROM unnest(b.slot_minutes) AS minute),
           b.reason, b.booked_by, b.idempotency_key, b.status, b.kind, b.extra_reason, b.allowed_by
    FROM jsonb_to_recordset($1::jsonb -> 'booked')
         AS b (doctor_id bigint, patient_id bigint, type_id bigint, slot_minutes int[], start_minute int, end_minute int,
               reason text, booked_by bigint, idempotency_key text, status text, kind text, extra_reason text, allowed_by bigint)
    WHERE (SELECT patients FROM locked) >= 0
    RETURNING id, doctor_id, patient_id, starts_at, slot_starts, booked_by, idempotency_key, kind
),
changed AS (
    UPDATE appointments a
    SET doctor_id = c.doctor_id,
        starts_at = to_timestamp(c.start_minute * 60.0),
        ends_at = to_timestamp(c.end_minute * 60.0),
        slot_starts = ARRAY(SELECT to_timestamp(minute * 60.0) FROM unnest(c.slot_minutes) AS minute),
        -- A visit beside slots that moves into one is a visit like any other; undoing the move makes it what it was.
        kind = CASE WHEN cardinality(c.slot_minutes) > 0 THEN 'slot'
                    WHEN a.kind <> 'slot' THEN a.kind
                    WHEN a.extra_reason IS NULL THEN 'walk_in'
                    ELSE 'extra' END,
        status = c.status,
        cancel_reason = CASE WHEN c.status = 'cancelled' THEN coalesce(c.cancel_reason, a.cancel_reason) END,
        moves = a.moves + coalesce(c.moved, 0),
        confirmed_at = CASE WHEN c.kind = 'status' THEN a.confirmed_at END,
        sequence = a.sequence + 1,
        updated_at = now()
    FROM jsonb_to_recordset($1::jsonb -> 'changed')
         AS c (id bigint, sequence int, doctor_id bigint, slot_minutes int[], start_minute int, end_minute int,
               status text, cancel_reason text, kind text, moved int, wait_seconds int)
    WHERE a.id = c.id AND a.sequence = c.sequence AND (SELECT patients FROM locked) >= 0
    RETURNING a.id, a.sequence, a.patient_id, a.starts_at, c.kind, c.wait_seconds
),
freed AS (
    UPDATE appointment_slots s
    SET appointment_id = NULL
    FROM jsonb_to_recordset($1::jsonb -> 'freed') AS f (doctor_id bigint, start_minute int, appointment_id bigint)
    WHERE s.doctor_id = f.doctor_id
      AND s.starts_at = to_timestamp(f.start_minute * 60.0)
      AND s.appointment_id = f.appointment_id
    RETURNING 1
),
taken AS (
    UPDATE appointment_slots s
    SET appointment_id = t.appointment_id, offer_id = NULL
    FROM (
        SELECT id AS appointment_id, doctor_id, unnest(slot_starts) AS starts_at FROM booked
        UNION ALL
        SELECT m.appointment_id, m.doctor_id, to_timestamp(m.start_minute * 60.0)
        FROM jsonb_to_recordset($1::jsonb -> 'moved') AS m (doctor_id bigint, start_minute int, appointment_id bigint)
    ) t
    WHERE s.doctor_id = t.doctor_id AND s.starts_at = t.starts_at AND s.appointment_id IS NULL AND NOT s.is_blocked
      AND (s.offer_id IS NULL OR $1::jsonb -> 'accepted' ? s.offer_id::text)
    RETURNING 1
),
requests AS (
    SELECT q.*, coalesce(q.appointment_id, booked.id) AS outcome_id
    FROM jsonb_to_recordset($1::jsonb -> 'requests')
         AS q (requested_by bigint, idempotency_key text, fingerprint text, request_id uuid, refusal text, appointment_id bigint,
               action text, ip text, trace_id text, details jsonb)
    LEFT JOIN booked ON booked.booked_by = q.requested_by AND booked.idempotency_key = q.idempotency_key
),
settled AS (
    INSERT INTO booking_requests (requested_by, idempotency_key, fingerprint, request_id, refusal, appointment_id)
    SELECT requested_by, idempotency_key, fingerprint, request_id, refusal, outcome_id FROM requests
    ON CONFLICT DO NOTHING
    RETURNING 1
),
noted AS (
    INSERT INTO audit_log (actor_id, action, entity, entity_id, ip, request_id, details)
    SELECT requested_by, action, 'appointment', outcome_id::text, ip, trace_id, coalesce(details, '{}')
    FROM requests WHERE refusal IS NULL AND action IS NOT NULL
),
checked AS (
    SELECT write_reminder_ledger(
               (
                   SELECT jsonb_agg(to_jsonb(visit))
                   FROM (
                       SELECT id, 0 AS sequence, patient_id, starts_at,
                              -- A walk-in is there already, and is told nothing.
                              CASE WHEN kind = 'walk_in' THEN 'status' ELSE 'booked' END AS kind,
                              CASE WHEN $1::jsonb -> 'may_undo' ? booked_by::text THEN ($1::jsonb ->> 'undo_seconds')::int END AS wait_seconds
                       FROM booked
                       UNION ALL
                       SELECT id, sequence, patient_id, starts_at, kind, wait_seconds FROM changed
                   ) visit
               ),
               ARRAY(SELECT jsonb_array_elements_text($1::jsonb -> 'channels')),
               ARRAY(SELECT jsonb_array_elements_text($1::jsonb -> 'lead_minutes')::int)
           ),
           expect_daily_limits($1::jsonb -> 'days', (SELECT count(*) FROM booked) + (SELECT count(*) FROM changed)),
           CASE WHEN jsonb_array_length($1::jsonb -> 'limited') > 0
                THEN expect_upcoming_limit($1::jsonb -> 'limited', ($1::jsonb ->> 'max_upcoming')::int, (SELECT count(*) FROM booked)) END,
           expect_offered($1::jsonb -> 'doctors', $1::jsonb -> 'types'),
           CASE WHEN $1::jsonb -> 'offers' <> 'null'
                THEN settle_offers($1::jsonb -> 'offers', (SELECT count(*) FROM booked) + (SELECT count(*) FROM changed)
                                                          + (SELECT count(*) FROM freed) + (SELECT count(*) FROM taken)) END AS offered,
           expect_count('slots taken', ($1::jsonb ->> 'slots_taken')::int, (SELECT count(*) FROM taken)),
           expect_count('appointments changed', jsonb_array_length($1::jsonb -> 'changed'), (SELECT count(*) FROM changed)),
           expect_count('requests settled', jsonb_array_length($1::jsonb -> 'requests'), (SELECT count(*) FROM settled))
)
SELECT booked.id::text, booked.booked_by::text, booked.idempotency_key, checked.offered, floor(extract(epoch FROM now()) * 1000)::bigint AS settled_ms
FROM checked LEFT JOIN booked ON true
