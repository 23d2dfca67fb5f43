import { type DestinationStream, pino } from 'pino'
import { describeError, withoutAddresses } from './log-error.ts'

export type Log = pino.Logger

/**
 * Structured logs, on standard output unless told otherwise. What could carry a secret is cut out wherever it turns up, and
 * errors are told without what they quote.
 */
export function createLog(level: string, destination?: DestinationStream): Log {
	const options: pino.LoggerOptions = {
		level,
		redact: {
			paths: ['password', 'token', 'accessToken', 'authorization', '*.password', '*.token', '*.accessToken', '*.authorization'],
			remove: true,
		},
		serializers: { err: describeError, reason: (reason: unknown) => (typeof reason === 'string' ? withoutAddresses(reason) : reason) },
		base: { pid: process.pid },
	}
	return destination ? pino(options, destination) : pino(options)
}
