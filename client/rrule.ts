// @mantine/schedule looks for `default` in this package, which its CommonJS form has and its ES form has not: a bundler warns of
// that. Here is the ES form with both; vite.config.ts puts it in the place of the package.
import * as rrule from 'rrule/dist/esm/index.js'

export * from 'rrule/dist/esm/index.js'
export default rrule
