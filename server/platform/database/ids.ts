/** Whether the text is a possible id, which is a bigint in the database. */
export const isDatabaseId = (id: string): boolean => /^[1-9]\d{0,17}$/.test(id)
