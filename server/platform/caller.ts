import type { Access, Endpoint } from '../../contract/index.ts'

/** What the platform knows of a signed-in account. A domain's own type of caller extends this. */
export type Caller = Readonly<{
	userId: string
	/** The session of the access token. */
	sessionId: string
	tokenExpiresAtMs: number
}>

/** The origin of a request, for the audit log and for traces. */
export type Origin = Readonly<{
	ip: string
	requestId: string
	/** The trace context of the step that sent the request, when it is traced. */
	trace?: string
}>

/** What a domain decides about callers, for both transports. */
export type CallerPolicy<C extends Caller> = {
	/**
	 * Returns the caller for the handler; null for a stranger. Events have no endpoint.
	 *
	 * @throws Refusal when the endpoint or event is not for this caller
	 */
	admit(access: Access, caller: C | null, endpoint?: Endpoint): C | null
	/** Whether the audit log records what this caller reads about other people. */
	isReadingRecorded(caller: C): boolean
	/** The kind of record whose changes are sent to every signed-in socket. */
	followedEntity: string
}
