import { type DestinationStream, pino } from 'pino'

export type Log = pino.Logger

/** Structured logs, on standard output unless told otherwise. What could carry a secret is cut out wherever it turns up. */
export const createLog = (level: string, destination?: DestinationStream): Log => {
	const options = {
		level,
		redact: {
			paths: [
				'password',
				'token',
				'accessToken',
				'authorization',
				'*.password',
				'*.token',
				'*.accessToken',
				'*.authorization',
				// PostgreSQL quotes the row that it refuses.
				'err.detail',
				'err.where',
			],
			remove: true,
		},
		base: { pid: process.pid },
	}
	return destination ? pino(options, destination) : pino(options)
}
