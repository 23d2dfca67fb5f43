import type { Knex } from 'knex'

/** Lists by name, and searches too short for trigrams, walk this index and stop at the end of the page. */
export const up = (knex: Knex) => knex.raw(`CREATE INDEX patients_by_name ON patients (lower(full_name), id)`)

export const down = (knex: Knex) => knex.raw(`DROP INDEX patients_by_name`)
