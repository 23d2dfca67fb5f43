import type { Knex } from 'knex'

/** Websites that may show the booking page in a frame. */
export const up = (knex: Knex) => knex.raw(`ALTER TABLE clinic ADD COLUMN embed_origins text[] NOT NULL DEFAULT '{}'`)

export const down = (knex: Knex) => knex.raw('ALTER TABLE clinic DROP COLUMN embed_origins')
