import type { Socket } from 'socket.io'
import type { z } from 'zod'
import { type Ack, type AckError, type AckOf, type ClientEventName, clientEvents, type Payload, refusals } from '../../../contract/index.ts'
import type { Caller, CallerPolicy, Origin } from '../caller.ts'
import { parseInput, toRefusal } from '../failure.ts'
import { newId } from '../new-id.ts'
import type { Log } from '../observability/log.ts'
import { noSpan, type Tracer } from '../observability/tracer.ts'
import { PreparedJson } from '../prepared-json.ts'
import { Refusal } from '../refusal.ts'
import type { AuditFact } from '../security/audit.ts'
import { callerOf } from './caller-of.ts'
import { tooLarge } from './parser.ts'

export type SocketContext<C extends Caller = Caller> = {
	actor: C | null
	socket: Socket
	origin: Origin
}

/** One handler an event; what it returns goes into the acknowledgement. */
export type EventHandlers<C extends Caller = Caller> = {
	[E in ClientEventName]: (payload: Payload<E>, context: SocketContext<C>) => Promise<AckOf<E> | PreparedJson>
}

type Body = Record<string, unknown> | PreparedJson

type AnyHandler<C extends Caller> = (payload: unknown, context: SocketContext<C>) => Promise<Body>

const ackError = ({ code, message, details }: Refusal, requestId: string): AckError => ({
	code,
	message,
	...(details.errors && { errors: details.errors }),
	...details.extra,
	...(details.retryAfterSeconds !== undefined && { retryAfterSeconds: details.retryAfterSeconds }),
	...(refusals[code].status >= 500 && { requestId }),
})

type Answer = Ack<Record<string, unknown>> | PreparedJson

/** What is prepared is never empty: its fields follow. */
const granted = (body: Body): Answer =>
	body instanceof PreparedJson ? new PreparedJson(`{"ok":true,${body.text.slice(1)}`) : { ok: true, ...body }

const answers = new WeakMap<Refusal, PreparedJson>()

/** A crowd that shares a refusal with something long in it shares its encoding. */
const refusalAnswer = (refusal: Refusal, requestId: string): Answer => {
	const known = answers.get(refusal)
	if (known) return known
	const answer = { ok: false as const, error: ackError(refusal, requestId) }
	if (!refusal.details.extra || answer.error.requestId) return answer
	const prepared = new PreparedJson(JSON.stringify(answer))
	answers.set(refusal, prepared)
	return prepared
}

export type Dispatch = (socket: Socket, event: string, args: unknown[]) => void

export type DispatchDeps<C extends Caller = Caller> = {
	handlers: EventHandlers<C>
	policy: CallerPolicy<C>
	log: Log
	ipOf: (socket: Socket) => string
	/** @throws Refusal rate_limited */
	limit: (socket: Socket) => Promise<void> | undefined
	/** Told when an event comes and when it is answered. */
	asked: (socket: Socket) => void
	answered: (socket: Socket) => void
	/** Told of each answer that shows somebody else's personal details. */
	noteAccess: (fact: AuditFact) => void
	/** Told how each event ended, for the metrics. */
	observe: (event: string, outcome: string, ms: number) => void
	tracer: Tracer
}

const isEvent = (name: string): name is ClientEventName => Object.hasOwn(clientEvents, name)

/** Answers an event with its acknowledgement, whatever it carried. Never throws. */
export const createDispatch = <C extends Caller>(deps: DispatchDeps<C>): Dispatch => {
	const { handlers, policy, log, ipOf, limit, asked, answered, noteAccess, observe, tracer } = deps
	type Call = [socket: Socket, event: string, payload: unknown, requestId: string, trace: string | undefined]

	// Neither this nor what calls it is async beyond need: thousands may wait at once, and each function that waits takes half a kilobyte.
	const handle = (...[socket, event, payload, requestId, trace]: Call): Promise<Body> => {
		if (payload === tooLarge) throw new Refusal('payload_too_large')
		if (!isEvent(event)) throw new Refusal('invalid_input', { message: 'There is no such event' })
		const definition = clientEvents[event]
		const caller = callerOf<C>(socket)
		// What an old token was entitled to see is not shown again either; only a new one is taken.
		if (caller && caller.tokenExpiresAtMs <= Date.now() && event !== 'session:renew') throw new Refusal('token_expired')
		const actor = policy.admit(definition.access, caller)
		const handler = handlers[event] as AnyHandler<C>
		const input = parseInput(definition.payload as z.ZodType<Record<string, unknown>>, payload)
		const origin = { ip: ipOf(socket), requestId, ...(trace && { trace }) }
		const answering = handler(input, { actor, socket, origin })
		const reveals = 'reveals' in definition ? definition.reveals : undefined
		if (!reveals || !actor || !policy.isReadingRecorded(actor)) return answering
		return answering.then(body => {
			noteAccess({ actor, origin, action: 'viewed', entity: reveals.kind, entityId: String(input[reveals.idField]) })
			return body
		})
	}

	const answer = (...call: Call): Promise<Body> => {
		const limited = limit(call[0])
		return limited ? limited.then(() => handle(...call)) : handle(...call)
	}

	return async (socket, event, args) => {
		asked(socket)
		const last = args.at(-1)
		const ack = typeof last === 'function' ? (last as (reply: Answer) => void) : () => {}
		const payload = typeof args[0] === 'function' ? undefined : args[0]
		const requestId = newId()
		const began = performance.now()
		// A name that a client made up says nothing, and may say too much.
		const name = isEvent(event) ? event : 'unknown'
		const span = tracer.isOn ? tracer.start(name, { kind: 'server' }) : noSpan
		span.set('liveslot.request_id', requestId)
		let outcome = 'ok'
		try {
			const answering = tracer.isOn
				? tracer.within(span, () => answer(socket, event, payload, requestId, span.context))
				: answer(socket, event, payload, requestId, undefined)
			ack(granted(await answering))
		} catch (error) {
			const refusal = toRefusal(error, log, { requestId, actorId: callerOf(socket)?.userId, event: name })
			ack(refusalAnswer(refusal, requestId))
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
}
