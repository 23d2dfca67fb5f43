import { z } from 'zod'
import type { RefusalCode } from './refusals.ts'
import type { Role } from './roles.ts'

/**
 * Who may call: anyone; any active account that is signed in; a signed-in account in any status, so that a doctor can see that the
 * approval is pending; or the named roles.
 */
export type Access = 'anyone' | 'signed-in' | 'any-status' | readonly Role[]

const Nothing = z.object({})
type Nothing = typeof Nothing

/** One HTTP call. The server's routes, the OpenAPI page and the clients' types all come from this definition. */
export type Endpoint<
	P extends z.ZodType = z.ZodType,
	Q extends z.ZodType = z.ZodType,
	B extends z.ZodType = z.ZodType,
	R extends z.ZodType = z.ZodType,
> = {
	method: 'get' | 'post' | 'put' | 'patch' | 'delete'
	/** Below `/api/v1`, in Express's notation. */
	path: string
	tag: string
	summary: string
	access: Access
	params: P
	query: Q
	body: B
	/** When the body is a file rather than JSON: how many bytes it may have. The handler gets them as `file`. */
	maxFileBytes?: number
	/** With 303, the answer is the address to go to. */
	status: 200 | 201 | 202 | 204 | 303
	/** Whether the call answers 201, set by its handler, when it created what it otherwise finds. */
	mayCreate?: boolean
	response: R
	/** The content type of the answer, when it is not JSON. */
	contentType?: string
	/** Whether a caller can repeat the call safely with the same `Idempotency-Key`. */
	repeatable?: boolean
	/** Whether answers may be long. The server makes only a few long answers at a time for each address, and limits their bytes. */
	isLong?: boolean
	/** The kind of personal record that the answer shows. Readings by anyone but patients are recorded in the audit log. */
	reveals?: string
	/** Refusals that are particular to this call. Every call may also refuse bad input, access and rate. */
	refusals: readonly RefusalCode[]
}

type EndpointInput<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> = Pick<
	Endpoint,
	'method' | 'path' | 'tag' | 'summary' | 'access'
> & {
	params?: P
	query?: Q
	body?: B
	maxFileBytes?: number
	status?: Endpoint['status']
	mayCreate?: boolean
	response?: R
	contentType?: string
	repeatable?: boolean
	isLong?: boolean
	reveals?: string
	refusals?: readonly RefusalCode[]
}

export const endpoint = <
	P extends z.ZodType = Nothing,
	Q extends z.ZodType = Nothing,
	B extends z.ZodType = Nothing,
	R extends z.ZodType = z.ZodVoid,
>(
	input: EndpointInput<P, Q, B, R>,
): Endpoint<P, Q, B, R> => ({
	status: input.response ? 200 : 204,
	refusals: [],
	...input,
	params: (input.params ?? Nothing) as P,
	query: (input.query ?? Nothing) as Q,
	body: (input.body ?? Nothing) as B,
	response: (input.response ?? z.void()) as R,
})
