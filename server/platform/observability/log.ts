import { type DestinationStream, pino } from 'pino'
import { describeError, withoutAddresses } from './log-error.ts'

export type Log = pino.Logger

/**
 * Creates structured logs, on standard output by default. Removes whatever may carry a secret, wherever it appears, and logs errors
 * without the values that they quote.
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
