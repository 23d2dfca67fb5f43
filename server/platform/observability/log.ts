import { type DestinationStream, pino } from 'pino'

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

/** SQLSTATE class 22, data exceptions. Their messages end with the refused value. */
const quotesItsValue = /^22/
const maxCauses = 3

/**
 * Describes an error for the log, with named fields only. Libraries attach personal details to their errors: PostgreSQL the refused
 * row, Redis the command with all its arguments, a mail server the addresses.
 */
export const describeError = (error: unknown): unknown => (error instanceof Error ? describe(error, maxCauses) : typeof error)

const address = /[^\s@<>"'`,;:()/\\]+@[^\s@<>"'`,;:()/\\]+/g
/** A telephone number in international form, in which numbers are stored. */
const phone = /\+\d[\d ()./-]{5,}\d/g

/** Removes addresses and numbers from text of mail servers and SMS operators, which often repeats the recipient. */
export const withoutAddresses = (text: string): string => text.replace(address, '[address]').replace(phone, '[number]')

/** The fields that a log keeps of an error. */
export type LoggedError = { type: string; message: string; stack?: string; code?: string; constraint?: string; cause?: LoggedError }

function describe(error: Error, causes: number): LoggedError {
	const { code, constraint, cause } = error as Error & { code?: unknown; constraint?: unknown }
	const stack = framesOf(error.stack)
	return {
		type: error.name === 'Error' ? error.constructor.name : error.name,
		message: messageOf(error as Error & { code?: unknown }),
		...(stack && { stack }),
		...(['string', 'number'].includes(typeof code) && { code: String(code) }),
		...(typeof constraint === 'string' && { constraint }),
		...(cause instanceof Error && causes > 0 && { cause: describe(cause, causes - 1) }),
	}
}

/** Returns only the frames, because the text before them repeats the message. */
function framesOf(stack: string | undefined): string | undefined {
	const from = stack?.search(/^ {4}at /m) ?? -1
	return from < 0 ? undefined : stack?.slice(from)
}

function messageOf({ message, code }: { message: string; code?: unknown }): string {
	const told = typeof code === 'string' && quotesItsValue.test(code) ? message.replace(/"[\s\S]*/, '[value]') : message
	return withoutAddresses(told)
}
