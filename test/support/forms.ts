/** `npm run test:long` tries every combination. `npm test` tries each thing once, so that it stays quick. */
export const isLong = process.env.TEST_LONG === '1'
/** `npm run budgets` checks the pages' times, alone on a calm machine. Among other tests, only large excesses fail. */
export const isStrict = process.env.TEST_STRICT === '1'
/** Generated input differs in each run, unless this gives the seed of an earlier one: `FUZZ_SEED=123 npm test`. */
export const fuzzSeed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
