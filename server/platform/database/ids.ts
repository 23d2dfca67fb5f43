/** Ids are bigint in the database; anything else cannot exist. */
export const isDatabaseId = (id: string): boolean => /^[1-9]\d{0,17}$/.test(id)
