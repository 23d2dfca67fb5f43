import type { Knex } from 'knex'

/** Serves lists by name, and searches that are too short for trigrams: both read this index up to the end of the page. */
export const up = (knex: Knex) => knex.raw(`CREATE INDEX patients_by_name ON patients (lower(full_name), id)`)

export const down = (knex: Knex) => knex.raw(`DROP INDEX patients_by_name`)
