-- A message that was sent becomes `sent` even if the visit was cancelled meanwhile: the ledger records what happened.
-- The clock of an offer starts with its message: a function that offers owns follows it.
WITH settled AS (
UPDATE notification_queue
SET status = $3,
    provider_id = coalesce($4, provider_id),
    last_error = $5,
    attempts = attempts + $6::int,
    sent_at = CASE WHEN $3 = 'sent' THEN now() END,
    retry_at = CASE WHEN $3 = 'due' THEN to_timestamp($7::float8 / 1000) END,
    settled_at = CASE WHEN $3 <> 'due' THEN now() END,
    leased_until = NULL
WHERE id = $1 AND leased_until = $2::timestamptz AND (status = 'due' OR $3 = 'sent')
RETURNING offer_id, status
)
SELECT offer_message_settled(offer_id, status) FROM settled WHERE offer_id IS NOT NULL
