import { createHash } from 'node:crypto'
import express, { type Response, Router } from 'express'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose'
import type { Actor } from '../identity/actor.ts'
import { type KeySet, readKeySet, readProgramById } from '../identity/api-clients.ts'
import type { Db } from '../platform/database/database.ts'
import type { Run } from '../platform/database/pipeline.ts'
import type { Limit } from '../platform/http/routes.ts'
import type { Log } from '../platform/observability/log.ts'
import type { Redis } from '../platform/redis/redis.ts'
import { Refusal } from '../platform/refusal.ts'
import { derivedKey } from '../platform/security/derived-key.ts'
import { createKeySets } from './key-sets.ts'
import { type Guest, grant, type Right, rightsOf, scopesFor } from './rights.ts'

export type SmartDeps = {
	db: Db
	run: Run
	redis: Redis
	log: Log
	serverSecret: string
	nowMs: () => number
	limit: Limit
	/** Without a slash at its end. */
	publicUrl: () => string
}

/** SMART Backend Services: programs sign for short tokens of this door (https://hl7.org/fhir/smart-app-launch/backend-services.html). */
export function createSmart(deps: SmartDeps) {
	const { db, run, redis, log, nowMs, limit, publicUrl } = deps
	const key = derivedKey(deps.serverSecret, 'tokens of the FHIR door')
	const keySetAt = createKeySets()
	const tokenUrl = () => `${publicUrl()}/oauth/token`

	const router = Router()
	router.post('/oauth/token', express.text({ type: () => true, limit: '20kb' }), async (req, res) => {
		res.setHeader('Cache-Control', 'no-store')
		try {
			await limit(null, req.ip ?? '')
		} catch (error) {
			if (!(error instanceof Refusal) || error.code !== 'rate_limited') throw error
			res.setHeader('Retry-After', String(Math.ceil(error.details.retryAfterSeconds ?? 1)))
			return refuse(res, 'temporarily_unavailable', 429)
		}
		const isForm = (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() === 'application/x-www-form-urlencoded'
		const form = new URLSearchParams(isForm && typeof req.body === 'string' ? req.body : '')
		const one = (name: string) => (form.getAll(name).length === 1 ? (form.get(name) ?? '') : '')
		if (!one('grant_type')) return refuse(res, 'invalid_request')
		if (one('grant_type') !== 'client_credentials') return refuse(res, 'unsupported_grant_type')
		if (one('client_assertion_type') !== assertionType) return refuse(res, 'invalid_client')
		const client = await authenticated(one('client_assertion'), one('client_id')).catch(error => {
			log.info({ reason: (error as Error).message, requestId: res.locals.requestId }, 'client assertion refused')
			return undefined
		})
		if (!client) return refuse(res, 'invalid_client')
		const { rights, scope } = grant(one('scope'), rightsOf(client.scopes))
		if (rights.size === 0) return refuse(res, 'invalid_scope')
		const token = await new SignJWT({ scope })
			.setProtectedHeader({ alg: 'HS256', typ: tokenType })
			.setSubject(client.id)
			.setAudience(audience)
			.setExpirationTime(Math.floor(nowMs() / 1000) + tokenSeconds)
			.sign(key)
		res.json({ access_token: token, token_type: 'bearer', expires_in: tokenSeconds, scope })
	})

	return { router, readGuest, configuration }

	/** @throws Refusal unauthenticated, token_expired */
	async function readGuest(token: string): Promise<Guest> {
		const options = { algorithms: ['HS256'], audience, typ: tokenType, currentDate: new Date(nowMs()) }
		const { payload } = await jwtVerify(token, key, options).catch(error => {
			throw new Refusal(error?.code === 'ERR_JWT_EXPIRED' ? 'token_expired' : 'unauthenticated')
		})
		const program: Actor = await readProgramById(run, String(payload.sub))
		// What was granted, as far as the program still has it.
		const { rights } = grant(String(payload.scope ?? ''), rightsOf(program.scopes ?? []))
		return { rights, actor: { ...program, scopes: scopesFor(rights) } }
	}

	/**
	 * Verifies the assertion of a client (RFC 7523), once.
	 *
	 * @throws Error for any flaw
	 */
	async function authenticated(assertion: string, clientId: string): Promise<{ id: string; scopes: KeySet['scopes'] }> {
		const { alg, kid, jku } = decodeProtectedHeader(assertion)
		if (alg !== 'RS384' && alg !== 'ES384') throw new Error('algorithm')
		if (typeof kid !== 'string') throw new Error('kid')
		const claimed = claimsOf(assertion)
		const id = claimed.iss
		if (typeof id !== 'string' || claimed.sub !== id || (clientId !== '' && clientId !== id)) throw new Error('issuer and subject')
		const keySet = await readKeySet(db, id)
		if (!keySet) throw new Error('unknown client')
		if (jku !== undefined && jku !== keySet.jwksUrl) throw new Error('foreign jku')
		const jwks = keySet.jwks ?? (await keySetAt(keySet.jwksUrl as string))
		if (jwks.keys.filter(each => each?.kid === kid).length !== 1) throw new Error('no such key, or more than one')
		const { payload } = await jwtVerify(assertion, createLocalJWKSet(jwks as never), {
			algorithms: ['RS384', 'ES384'],
			audience: [tokenUrl(), publicUrl()],
			requiredClaims: ['exp', 'jti', 'iss', 'sub', 'aud'],
			currentDate: new Date(nowMs()),
		})
		const aheadMs = (payload.exp as number) * 1000 - nowMs()
		if (aheadMs > assertionMs + toleranceMs) throw new Error('expires too late')
		const { jti } = payload
		if (typeof jti !== 'string' || jti.length === 0 || jti.length > 500) throw new Error('jti')
		// Kept as long as the assertion is valid, so that what is kept is bounded by what a client may sign for.
		const mark = createHash('sha256')
			.update(JSON.stringify([id, jti]))
			.digest('base64url')
		const isNew = await redis.set(`fhir:jti:${mark}`, '1', 'PX', Math.max(1000, Math.ceil(aheadMs) + toleranceMs), 'NX')
		if (isNew !== 'OK') throw new Error('replayed')
		return { id, scopes: keySet.scopes }
	}

	/** For `/.well-known/smart-configuration`. */
	function configuration() {
		return {
			issuer: publicUrl(),
			token_endpoint: tokenUrl(),
			grant_types_supported: ['client_credentials'],
			token_endpoint_auth_methods_supported: ['private_key_jwt'],
			token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
			scopes_supported: [...rightsOf(['calendar:read', 'appointments:read', 'appointments:write', 'patients:read', 'patients:write'])]
				.map((right: Right) => `system/${right}`)
				.concat('system/*.cruds', 'system/*.rs'),
			code_challenge_methods_supported: ['S256'],
			capabilities: ['client-confidential-asymmetric', 'permission-v2'],
		}
	}
}

export type Smart = ReturnType<typeof createSmart>

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const audience = 'liveslot fhir'
const tokenType = 'fhir+jwt'
const tokenSeconds = 300
/** How far ahead an assertion may expire. */
const assertionMs = 300_000
/** For clocks that are not quite ours. */
const toleranceMs = 10_000

function claimsOf(assertion: string): Record<string, unknown> {
	return JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

function refuse(res: Response, error: string, status = 400): void {
	res.status(status).json({ error })
}
