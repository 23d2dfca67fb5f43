import type { Knex } from 'knex'

/** Why the version before, which may still be running, is not stopped by what is more than an addition. */
export const survives = {
	'trigger slot_offers.offers_for_webhooks is new or different': 'it writes another table, of which the version before knows nothing',
}

/** Offers cause events for programs, in the transaction that opens or ends them. */
export const up = (knex: Knex) =>
	knex.raw(`
		CREATE FUNCTION note_offer_for_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
		DECLARE
			event text := CASE NEW.status WHEN 'open' THEN 'offer.opened' ELSE 'offer.' || NEW.status END;
		BEGIN
			PERFORM write_webhook_event(event, 'offer:' || NEW.id, jsonb_strip_nulls(jsonb_build_object(
				'id', NEW.id::text,
				'doctorId', NEW.doctor_id::text,
				'patientId', NEW.patient_id::text,
				'startsAt', webhook_instant(NEW.starts_at),
				'endsAt', webhook_instant(NEW.ends_at),
				'status', NEW.status,
				'why', NEW.why,
				'replaces', NEW.replaces::text
			)));
			RETURN NULL;
		END $$;
		CREATE TRIGGER offers_for_webhooks AFTER INSERT OR UPDATE OF status ON slot_offers
			FOR EACH ROW WHEN (NEW.status <> 'sending')
			EXECUTE FUNCTION note_offer_for_webhooks();
	`)

export const down = (knex: Knex) =>
	knex.raw(`
		DROP TRIGGER offers_for_webhooks ON slot_offers;
		DROP FUNCTION note_offer_for_webhooks;
	`)
