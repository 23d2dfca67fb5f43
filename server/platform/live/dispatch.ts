import type { Socket } from 'socket.io'
import type { z } from 'zod'
import { type Ack, type AckError, type AckOf, type ClientEventName, clientEvents, type Payload, refusals } from '../../../contract/index.ts'
import type { Caller, CallerPolicy, Origin } from '../caller.ts'
import { toRefusal } from '../failure.ts'
import { newId } from '../new-id.ts'
import type { Log } from '../observability/log.ts'
import { noSpan, type Tracer } from '../observability/tracer.ts'
import { PreparedJson } from '../prepared-json.ts'
import { parseInput, Refusal } from '../refusal.ts'
import type { AuditFact } from '../security/audit.ts'
import type { MeasureAnswer } from '../security/long-answers.ts'
import { callerOf } from './callers.ts'
import { tooLarge } from './parser.ts'

/** Answers an event with its acknowledgement, whatever its payload. Never throws. */
export function createDispatch<C extends Caller>(deps: DispatchDeps<C>): Dispatch {
	const { handlers, policy, log, addressOf, limit, prove, longAnswer, asked, answered, noteAccess, observe, tracer, share } = deps

	return async (socket, event, args) => {
		asked(socket)
		const last = args.at(-1)
		const ack = typeof last === 'function' ? (last as (reply: Answer) => void) : () => {}
		const payload = typeof args[0] === 'function' ? undefined : args[0]
		const requestId = newId()
		const began = performance.now()
		// The name of an unknown event is the client's text: useless in metrics, and it may contain anything.
		const name = isEvent(event) ? event : 'unknown'
		const span = tracer.isOn ? tracer.start(name, { kind: 'server' }) : noSpan
		span.set('liveslot.request_id', requestId)
		let outcome = 'ok'
		try {
			// Waits only where there is something to wait for: thousands of events may be on their way at once.
			const limited = limit(socket)
			if (limited) await limited
			const proving = handsInToken(event) ? undefined : prove(socket)
			if (proving) await proving
			const answering = tracer.isOn
				? tracer.within(span, () => handle(socket, event, payload, requestId, span.context))
				: handle(socket, event, payload, requestId, undefined)
			const result = await answering
			if (result instanceof Followed) {
				ack(granted(result.answer))
				result.afterAck()
			} else ack(granted(result))
		} catch (error) {
			const refusal = toRefusal(error, log, { requestId, actorId: callerOf(socket)?.userId, event: name })
			const answer = refused(refusal, requestId)
			ack(share?.(refusal, answer) ?? answer)
			outcome = refusal.code
		}
		answered(socket)
		const ms = performance.now() - began
		observe(name, outcome, ms)
		span.set('liveslot.outcome', outcome)
		if (outcome === 'internal') span.fail(outcome)
		span.end()
		if (log.isLevelEnabled('debug')) log.debug({ requestId, event: name, outcome, ms: Math.round(ms) }, 'event')
	}

	type Call = [socket: Socket, event: string, payload: unknown, requestId: string, trace: string | undefined]

	function handle(...[socket, event, payload, requestId, trace]: Call): Promise<Result> {
		if (payload === tooLarge) throw new Refusal('payload_too_large')
		if (!isEvent(event)) throw new Refusal('invalid_input', { message: 'There is no such event' })
		const definition = clientEvents[event]
		const caller = callerOf<C>(socket)
		// An expired token does not even show again what it once gave access to.
		if (caller && caller.tokenExpiresAtMs <= Date.now() && !handsInToken(event)) throw new Refusal('token_expired')
		const actor = policy.admit(definition.access, caller)
		const handler = handlers[event] as AnyHandler<C>
		const input = parseInput(definition.payload as z.ZodType<Record<string, unknown>>, payload)
		const origin = { ip: addressOf(socket), requestId, ...(trace && { trace }) }
		const make = () => handler(input, { actor, socket, origin })
		const isLong = 'isLong' in definition && definition.isLong
		const answering = isLong && longAnswer ? longAnswer({ userId: actor?.userId, ip: origin.ip }, make, bytesOf) : make()
		const reveals = 'reveals' in definition ? definition.reveals : undefined
		if (!reveals || !actor || !policy.isReadingRecorded(actor)) return answering
		return answering.then(result => {
			noteAccess({ actor, origin, action: 'viewed', entity: reveals.kind, entityId: String(input[reveals.idField]) })
			return result
		})
	}
}

export type SocketContext<C extends Caller = Caller> = {
	actor: C | null
	socket: Socket
	origin: Origin
}

/**
 * An answer, and a function that runs once the acknowledgement is sent. Messages which that function sends to the same socket arrive
 * after the answer.
 */
export class Followed<A> {
	readonly answer: A
	readonly afterAck: () => void
	constructor(answer: A, afterAck: () => void) {
		this.answer = answer
		this.afterAck = afterAck
	}
}

/** One handler for each event. Its return value becomes the acknowledgement. */
export type EventHandlers<C extends Caller = Caller> = {
	[E in ClientEventName]: (
		payload: Payload<E>,
		context: SocketContext<C>,
	) => Promise<AckOf<E> | PreparedJson | Followed<AckOf<E> | PreparedJson>>
}

type RefusedAnswer = { ok: false; error: AckError }

export type ShareRefusals = (refusal: Refusal, answer: RefusedAnswer) => RefusedAnswer | PreparedJson

export type Dispatch = (socket: Socket, event: string, args: unknown[]) => void

export type DispatchDeps<C extends Caller> = {
	handlers: EventHandlers<C>
	policy: CallerPolicy<C>
	log: Log
	addressOf: (socket: Socket) => string
	/** @throws Refusal rate_limited */
	limit: (socket: Socket) => Promise<void> | undefined
	/** Makes sure that the caller's authority was read recently. @throws Refusal */
	prove: (socket: Socket) => Promise<void> | undefined
	/** Undefined where nothing is limited. */
	longAnswer?: MeasureAnswer | undefined
	/** Called when an event arrives and when it is answered. */
	asked: (socket: Socket) => void
	answered: (socket: Socket) => void
	/** Called for each answer that shows other people's personal details. */
	noteAccess: (fact: AuditFact) => void
	/** Called when each event has ended, for the metrics. */
	observe: (event: string, outcome: string, ms: number) => void
	tracer: Tracer
	/** Lets requests with the same refusal share one encoded answer. */
	share?: ShareRefusals | undefined
}

type Body = Record<string, unknown> | PreparedJson
type Result = Body | Followed<Body>
type Answer = Ack<Record<string, unknown>> | PreparedJson

type AnyHandler<C extends Caller> = (payload: unknown, context: SocketContext<C>) => Promise<Result>

const isEvent = (name: string): name is ClientEventName => Object.hasOwn(clientEvents, name)

/** Puts `ok` before the fields of prepared JSON, which is never an empty object. */
function granted(body: Body): Answer {
	return body instanceof PreparedJson ? new PreparedJson(`{"ok":true,${body.text.slice(1)}`) : { ok: true, ...body }
}

function refused({ code, message, details }: Refusal, requestId: string): RefusedAnswer {
	const error: AckError = {
		code,
		message,
		...(details.errors && { errors: details.errors }),
		...details.extra,
		...(details.retryAfterSeconds !== undefined && { retryAfterSeconds: details.retryAfterSeconds }),
		...(refusals[code].status >= 500 && { requestId }),
	}
	return { ok: false, error }
}

/** The only event whose own token, not the socket's, identifies the caller. */
const handsInToken = (event: string) => event === 'session:renew'

/** Measures prepared JSON only, because all long answers are prepared. */
function bytesOf(result: Result): number {
	const answer = result instanceof Followed ? result.answer : result
	return answer instanceof PreparedJson ? Buffer.byteLength(answer.text) : 0
}
