import { randomUUID } from 'node:crypto'

/**
 * A random UUID, its text in one piece. Node puts it together from some twenty pieces, all of which stay in memory for as long as
 * the id does: half a kilobyte for each request of a crowd. Being spelled in lower case, it is only flattened here.
 */
export const newId = (): string => randomUUID().toLowerCase()
