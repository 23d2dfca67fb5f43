import type { Knex } from 'knex'

/** Why the version before, which may still be running, is not stopped by what is more than an addition. */
export const survives = {
	'trigger patients.words_come is new or different': 'It writes another table, of which the version before knows nothing',
	'trigger patients.words_go is new or different': 'It writes another table, of which the version before knows nothing',
	'trigger patients.words_change is new or different': 'It writes another table, of which the version before knows nothing',
}

/**
 * What the desk knows of a patient, a search that forgives, and files that became one.
 *
 * `folded` is what two spellings of a name have in common: no case, no accents, ß as ss, ø as o. `unaccent` is not used: its rules are
 * a file of the server's, so that it cannot be part of a generated column, and an index would differ from server to server.
 */
export const up = (knex: Knex) =>
	knex.raw(`
		CREATE FUNCTION folded(spelling text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
			SELECT btrim(regexp_replace(
				translate(
					replace(replace(replace(replace(replace(
						regexp_replace(normalize(lower(spelling), NFKD), '[\u0300-\u036f\u064b-\u065f\u0670\u0640''’ʼ\`]', '', 'g'),
						'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'ð', 'd'),
					'øłđıħŧŋĸىة', 'oldihtnkيه'),
				'[\\s,;\u2010-\u2015-]+', ' ', 'g'))
		$$;

		-- Umlauts are also written ae, oe, ue, and å as aa: without the second letter all spellings are one.
		CREATE FUNCTION folded_closely(spelling text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
			SELECT regexp_replace(folded(spelling), '([aou])e|(a)a', '\\1\\2', 'g')
		$$;

		-- A name as it is searched: both foldings, each word after a space.
		CREATE FUNCTION searchable(spelling text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
			SELECT ' ' || folded(spelling)
				|| CASE WHEN folded_closely(spelling) = folded(spelling) THEN '' ELSE ' ' || folded_closely(spelling) END
		$$;

		-- A pattern that finds the text anywhere, whatever wildcards it contains.
		CREATE FUNCTION containing(text_ text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
			SELECT '%' || regexp_replace(text_, '([\\\\%_])', '\\\\\\1', 'g') || '%'
		$$;

		ALTER TABLE patients
			ADD COLUMN search_name     text GENERATED ALWAYS AS (searchable(full_name)) STORED,
			ADD COLUMN notes           text,
			ADD COLUMN tags            text[] NOT NULL DEFAULT '{}',
			ADD COLUMN may_book_online boolean NOT NULL DEFAULT true;
		CREATE INDEX patients_search_name ON patients USING gin (search_name gin_trgm_ops);
		CREATE INDEX patients_search_words ON patients USING gin (string_to_array(search_name, ' '));
		CREATE INDEX patients_by_birth_date ON patients (birth_date) WHERE birth_date IS NOT NULL;

		-- Every word of a name that some patient has: among these, words like a misspelt one are found quickly. A word that two transactions
		-- add and remove at one moment may be missing; that name is then found only as it is spelt.
		CREATE TABLE patient_words (word text PRIMARY KEY);
		CREATE FUNCTION add_patient_words() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO patient_words
			SELECT DISTINCT word FROM written, unnest(string_to_array(written.search_name, ' ')) word WHERE length(word) > 2 ORDER BY word
			ON CONFLICT DO NOTHING;
			RETURN NULL;
		END $$;
		CREATE FUNCTION remove_patient_words() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			DELETE FROM patient_words
			WHERE word IN (SELECT unnest(string_to_array(OLD.search_name, ' ')))
				AND NOT EXISTS (SELECT FROM patients WHERE search_name LIKE containing(' ' || word));
			RETURN NULL;
		END $$;
		CREATE FUNCTION change_patient_words() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO patient_words
			SELECT DISTINCT word FROM unnest(string_to_array(NEW.search_name, ' ')) word WHERE length(word) > 2 ORDER BY word
			ON CONFLICT DO NOTHING;
			DELETE FROM patient_words
			WHERE word IN (SELECT unnest(string_to_array(OLD.search_name, ' ')))
				AND NOT EXISTS (SELECT FROM patients WHERE search_name LIKE containing(' ' || word));
			RETURN NULL;
		END $$;
		CREATE TRIGGER words_come AFTER INSERT ON patients
			REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION add_patient_words();
		CREATE TRIGGER words_go AFTER DELETE ON patients FOR EACH ROW EXECUTE FUNCTION remove_patient_words();
		CREATE TRIGGER words_change AFTER UPDATE ON patients
			FOR EACH ROW WHEN (OLD.full_name IS DISTINCT FROM NEW.full_name) EXECUTE FUNCTION change_patient_words();
		INSERT INTO patient_words SELECT DISTINCT unnest(string_to_array(search_name, ' ')) word FROM patients ON CONFLICT DO NOTHING;
		DELETE FROM patient_words WHERE length(word) < 3;
		CREATE INDEX patient_words_fragment ON patient_words USING gin (word gin_trgm_ops);

		-- What was corrected in a file, by whom. Not in the audit log, which nothing can be removed from: these are personal details.
		CREATE TABLE patient_changes (
			id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			patient_id bigint NOT NULL,
			at         timestamptz NOT NULL DEFAULT now(),
			changed_by bigint NOT NULL,
			field      text NOT NULL,
			was        jsonb,
			became     jsonb
		);
		CREATE INDEX patient_changes_of_patient ON patient_changes (patient_id, id);

		-- Files that became part of another, as they were. Nothing refers to the number of such a file any more.
		CREATE TABLE patient_merges (
			id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			kept_id         bigint NOT NULL,
			merged_id       bigint NOT NULL,
			merged_file     jsonb NOT NULL,
			-- Fields of the kept file that the merge changed.
			kept_before     jsonb NOT NULL,
			kept_after      jsonb NOT NULL,
			-- What belonged to that file: ids by their table.
			moved           jsonb NOT NULL,
			merged_at       timestamptz NOT NULL DEFAULT now(),
			merged_by       bigint NOT NULL REFERENCES users (id)
		);
		CREATE INDEX patient_merges_of_kept ON patient_merges (kept_id);

		-- Today's changes of visits, for the doctors whose calendars they are in.
		CREATE INDEX audit_log_of_visits ON audit_log (at)
			WHERE entity = 'appointment' AND action IN ('booked', 'rescheduled', 'cancelled', 'undone');
	`)

export const down = (knex: Knex) =>
	knex.raw(`
		DROP INDEX audit_log_of_visits;
		DROP TABLE patient_merges, patient_changes;
		DROP TRIGGER words_come ON patients;
		DROP TRIGGER words_go ON patients;
		DROP TRIGGER words_change ON patients;
		DROP TABLE patient_words;
		DROP FUNCTION add_patient_words, remove_patient_words, change_patient_words;
		ALTER TABLE patients
			DROP COLUMN search_name, DROP COLUMN notes, DROP COLUMN tags, DROP COLUMN may_book_online;
		DROP INDEX patients_by_birth_date;
		DROP FUNCTION containing, searchable, folded_closely, folded;
	`)
