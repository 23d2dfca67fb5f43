import type { Access } from '../../contract/index.ts'

/** What the platform must know of a signed-in account that calls. A domain's own type of caller says more. */
export type Caller = Readonly<{
	userId: string
	/** The session that the access token belongs to. */
	sessionId: string
	tokenExpiresAtMs: number
}>

/** Where a request came from, for the audit log and for tracing. */
export type Origin = Readonly<{
	ip: string
	requestId: string
	/** The trace context of the step that the request is part of, when it is traced. */
	trace?: string
}>

/** What a domain decides about callers. Both transports ask it. */
export type CallerPolicy<C extends Caller> = {
	/**
	 * The caller as the handler may know them; null for a stranger.
	 *
	 * @throws Refusal when the endpoint or event is not for this caller
	 */
	admit(access: Access, caller: C | null): C | null
	/** Whether the audit log records what this caller reads about other people. */
	isReadingRecorded(caller: C): boolean
	/** The kind of record whose changes every signed-in socket is sent. */
	followedEntity: string
}
