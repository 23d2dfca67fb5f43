import { randomUUID } from 'node:crypto'

/**
 * Returns a random UUID as one flat string. Node joins a UUID from some twenty pieces, and all of them stay in memory as long as the
 * id: half a kilobyte for each request of a stampede. `toLowerCase` changes nothing but flattens the string.
 */
export const newId = (): string => randomUUID().toLowerCase()
