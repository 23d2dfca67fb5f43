import type { Problem, RefusalCode } from '../../contract/index.ts'
// Not over the index, which would bring every schema and their library into the page.
import { type RefusalProperties, refusalProperties } from '../../contract/refusals.ts'

/** A refusal, or the lack of an answer. Screens show a text of their own for `code`, never what a library said. */
export class ApiError extends Error {
	readonly code: RefusalCode | 'unreachable'
	readonly problem: Problem | undefined
	/** It took so long to fail that asking again at once would only take as long again. */
	slow = false

	constructor(code: RefusalCode | 'unreachable', problem?: Problem) {
		super(code)
		this.code = code
		this.problem = problem
	}
}

/** What an error means for the page that asked. A missing answer may still come: asking again is right. */
export const errorProperties = (error: unknown): Partial<RefusalProperties> => {
	if (!(error instanceof ApiError)) return {}
	return error.code === 'unreachable' ? { retry: 'automatic' } : refusalProperties(error.code)
}

type Options = {
	method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
	body?: unknown
	/** A body that is sent as it is. */
	file?: Blob
	key?: string
	signal?: AbortSignal
	/** Whether its answer's cookie is to be kept though the page is left meanwhile. */
	outlivesPage?: boolean
}

let accessToken: string | undefined
/** Renews the session when a token has expired; set by the session. Resolves to whether there is one. */
let renew: () => Promise<boolean> = async () => false

export const setAccessToken = (token: string | undefined) => {
	accessToken = token
}
export const getAccessToken = () => accessToken
export const onTokenExpired = (handler: () => Promise<boolean>) => {
	renew = handler
}

const readTimeoutMs = 8000
/** A booking may wait for its outcome as long as the server does: 8 s. */
const writeTimeoutMs = 12_000
const slowMs = 2000

const timeoutOf = (path: string, method: string) => (method === 'GET' || path.startsWith('/auth/') ? readTimeoutMs : writeTimeoutMs)

let serverAheadMs = 0

/** The server's time: what it holds until an instant is held until then, whatever this device's clock says. */
export const serverNow = (): number => Date.now() + serverAheadMs

const noteServerTime = (response: Response) => {
	const at = Date.parse(response.headers.get('date') ?? '')
	// The header counts whole seconds: a smaller difference than that and a slow answer is none.
	if (Number.isFinite(at)) serverAheadMs = Math.abs(at - Date.now()) > 3000 ? at - Date.now() : 0
}

const send = async (path: string, { method = 'GET', body, file, key, signal, outlivesPage = false }: Options): Promise<Response> => {
	const late = AbortSignal.timeout(timeoutOf(path, method))
	try {
		const response = await fetch(`/api/v1${path}`, {
			method,
			credentials: 'same-origin',
			keepalive: outlivesPage,
			signal: signal ? AbortSignal.any([signal, late]) : late,
			headers: {
				...(body !== undefined && { 'content-type': 'application/json' }),
				...(file && { 'content-type': 'application/octet-stream' }),
				...(accessToken && { authorization: `Bearer ${accessToken}` }),
				...(key && { 'idempotency-key': key }),
			},
			...(body !== undefined && { body: JSON.stringify(body) }),
			...(file && { body: file }),
		})
		noteServerTime(response)
		return response
	} catch (error) {
		if (signal?.aborted) throw error
		throw new ApiError('unreachable')
	}
}

const read = async (response: Response): Promise<unknown> => {
	try {
		const text = await response.text()
		return text ? JSON.parse(text) : undefined
	} catch {
		throw new ApiError('unreachable')
	}
}

/** Whether the session, rather than a password in the body, was refused. */
const isSessionRefused = async (response: Response): Promise<boolean> => {
	if (response.status !== 401 || !accessToken) return false
	const problem = (await response
		.clone()
		.json()
		.catch(() => undefined)) as Problem | undefined
	return problem?.code !== 'invalid_credentials'
}

const sendAuthorised = async (path: string, options: Options): Promise<Response> => {
	const response = await send(path, options)
	const mayRenew = !path.startsWith('/auth/') && (await isSessionRefused(response))
	return mayRenew && (await renew()) ? await send(path, options) : response
}

const refusalOf = (answer: unknown): ApiError => {
	const problem = answer as Problem | undefined
	return new ApiError(problem?.code ?? 'unreachable', problem)
}

/**
 * One call of the API; `path` is below `/api/v1`.
 *
 * @throws ApiError with the refusal's code, or `unreachable` when there was no answer worth the name
 */
export const request = async <T>(path: string, options: Options = {}): Promise<T> => {
	const beganMs = performance.now()
	try {
		const response = await sendAuthorised(path, options)
		const answer = await read(response)
		if (response.ok) return answer as T
		throw refusalOf(answer)
	} catch (error) {
		if (error instanceof ApiError) error.slow = performance.now() - beganMs > slowMs
		throw error
	}
}

/** A file that only the signed-in may have. @throws ApiError */
export const download = async (path: string): Promise<Blob> => {
	const response = await sendAuthorised(path, {})
	if (!response.ok) throw refusalOf(await read(response))
	return await response.blob().catch(() => {
		throw new ApiError('unreachable')
	})
}

/** A query string of what is set. */
export const query = (parameters: Record<string, string | number | undefined>): string => {
	const set = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '')
	return set.length ? `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}` : ''
}
