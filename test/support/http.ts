export type Answer<T = any> = { status: number; body: T; headers: Headers; cookies: string[] }

export type CallOptions = { token?: string; body?: unknown; key?: string; cookie?: string; headers?: Record<string, string> }

/** Makes an HTTP call to a node. `path` is below `/api/v1`. */
export const call = async <T = any>(
	node: { url: string },
	method: string,
	path: string,
	{ token, body, key, cookie, headers = {} }: CallOptions = {},
): Promise<Answer<T>> => {
	const response = await fetch(`${node.url}/api/v1${path}`, {
		method,
		headers: {
			...(token && { authorization: `Bearer ${token}` }),
			...(body !== undefined && { 'content-type': 'application/json' }),
			...(key && { 'idempotency-key': key }),
			...(cookie && { cookie }),
			...headers,
		},
		...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
	})
	const text = await response.text()
	const isJson = /json/.test(response.headers.get('content-type') ?? '')
	return {
		status: response.status,
		body: text && isJson ? JSON.parse(text) : text || undefined,
		headers: response.headers,
		cookies: response.headers.getSetCookie(),
	}
}
