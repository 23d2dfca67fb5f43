import { pino } from 'pino'

export type Log = pino.Logger

/** Structured logs on standard output. What could carry a secret is cut out wherever it turns up. */
export const createLog = (level: string): Log =>
	pino({
		level,
		redact: {
			paths: ['password', 'token', 'accessToken', 'authorization', '*.password', '*.token', '*.accessToken', '*.authorization'],
			remove: true,
		},
		base: { pid: process.pid },
	})
