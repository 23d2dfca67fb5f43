/** SQLSTATE class 22, data exceptions: their messages end with the value that was refused. */
const quotesItsValue = /^22/
const maxCauses = 3

/**
 * Only what is named here is kept. Libraries hang on their errors what went wrong with whom: PostgreSQL the row that it
 * refuses, Redis the command with all of its arguments, a mail server the letter's addresses.
 */
export const describeError = (error: unknown): unknown => (error instanceof Error ? describe(error, maxCauses) : typeof error)

const address = /[^\s@<>"'`,;:()/\\]+@[^\s@<>"'`,;:()/\\]+/g
/** A telephone number in the international form, which is how they are kept. */
const phone = /\+\d[\d ()./-]{5,}\d/g

/** Text of a mail server or an operator likes to repeat whom it is about. */
export const withoutAddresses = (text: string): string => text.replace(address, '[address]').replace(phone, '[number]')

/** What a log keeps of an error. */
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

/** The frames alone: what stands before them repeats the message. */
function framesOf(stack: string | undefined): string | undefined {
	const from = stack?.search(/^ {4}at /m) ?? -1
	return from < 0 ? undefined : stack?.slice(from)
}

function messageOf({ message, code }: { message: string; code?: unknown }): string {
	const told = typeof code === 'string' && quotesItsValue.test(code) ? message.replace(/"[\s\S]*/, '[value]') : message
	return withoutAddresses(told)
}
