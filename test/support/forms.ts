/** `npm run test:long` looks at every combination; `npm test` at each thing once, so that it stays quick enough to be run. */
export const isLong = process.env.TEST_LONG === '1'
/** `npm run budgets` holds the pages to their times, alone on a calm machine; among other tests only what is far off is wrong. */
export const isStrict = process.env.TEST_STRICT === '1'
/** Generated input is another each time, unless the seed of an earlier run is given: `FUZZ_SEED=123 npm test`. */
export const fuzzSeed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
