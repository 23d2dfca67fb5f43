import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import { type ApiClient, type ApiClientWithKey, apiClientEndpoints, type Scope } from '../../contract/index.ts'
import { decodeCursor, toPage } from '../platform/database/cursors.ts'
import { type Db, type DbOrTx, inTransaction, type Tx } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import type { Run } from '../platform/database/pipeline.ts'
import { invalidInput, Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { insertAccount } from './accounts.ts'
import type { Actor, Origin } from './actor.ts'
import { type Route, route } from './handlers.ts'
import { digestSecret, newSecret } from './secrets.ts'

/** Programs that act with keys instead of sessions, and the admins' calls for them. */
export function apiClientRoutes({ db, nowMs }: { db: Db; nowMs: () => number }): Route[] {
	return [
		route(apiClientEndpoints.listApiClients, ({ query }) => listApiClients(db, query)),
		route(apiClientEndpoints.createApiClient, ({ body, origin }, actor) => createApiClient({ db, nowMs }, actor, body, origin)),
		route(apiClientEndpoints.rotateApiClient, ({ params, body, origin }, actor) =>
			rotateKey(db, { actor, origin }, params.id, body.overlapMinutes),
		),
		route(apiClientEndpoints.revokeApiClient, ({ params, origin }, actor) => revokeApiClient(db, { actor, origin }, params.id)),
	]
}

const keyPrefix = 'lsk_'

export const isApiKey = (token: string): boolean => token.startsWith(keyPrefix)

/** Reads the actor of a program's key. @throws Refusal unauthenticated; token_expired */
export async function readProgram(run: Run, key: string): Promise<Actor> {
	return toActor((await run<ProgramRow>(readByKey, [digestSecret(key)]))[0])
}

/** Reads the actor of a program that has proved itself in another way. @throws Refusal as `readProgram` */
export async function readProgramById(run: Run, userId: string): Promise<Actor> {
	return toActor((await run<ProgramRow>(readById, [userId]))[0])
}

/** The public keys of a program that signs its requests; undefined for one that does not, or that may do nothing any more. */
export async function readKeySet(db: Db, userId: string): Promise<KeySet | undefined> {
	if (!isDatabaseId(userId)) return undefined
	const row = await db('api_clients')
		.where({ user_id: userId, revoked_at: null })
		.where(open => open.whereNull('expires_at').orWhere('expires_at', '>', db.fn.now()))
		.first('jwks', 'jwks_url', 'scopes')
	if (row?.jwks) return { jwks: row.jwks, scopes: row.scopes }
	return row?.jwks_url ? { jwksUrl: row.jwks_url, scopes: row.scopes } : undefined
}

export type KeySet = { jwks?: { keys: Record<string, unknown>[] }; jwksUrl?: string; scopes: Scope[] }

function toActor(program: ProgramRow | undefined): Actor {
	if (!program) throw new Refusal('unauthenticated')
	if (program.is_expired) throw new Refusal('token_expired')
	return {
		userId: program.user_id,
		// What a program may do like the desk is narrowed by its scopes, at each call.
		role: 'receptionist',
		status: 'active',
		fullName: program.full_name,
		patientId: undefined,
		scopes: program.scopes,
		sessionId: noSession,
		tokenExpiresAtMs: Number.POSITIVE_INFINITY,
	}
}

type ProgramRow = { user_id: string; full_name: string; scopes: Scope[]; is_expired: boolean }

const noSession = '00000000-0000-0000-0000-000000000000'

/** Notes the use of a key at most once a minute, so that a busy program does not write at every call. */
const readByKey = {
	name: 'read_program_by_key',
	text: `
		WITH program AS (
			SELECT c.user_id, u.full_name, c.scopes, coalesce(c.expires_at <= now(), false) AS is_expired, c.last_used_at
			FROM api_clients c
			JOIN users u ON u.id = c.user_id
			WHERE c.revoked_at IS NULL
			  AND (c.key_hash = $1::bytea OR (c.former_key_hash = $1::bytea AND c.former_key_until > now()))
		),
		used AS (
			UPDATE api_clients c SET last_used_at = now()
			FROM program p
			WHERE c.user_id = p.user_id AND NOT p.is_expired AND coalesce(p.last_used_at < now() - interval '1 minute', true)
		)
		SELECT user_id, full_name, scopes, is_expired FROM program`,
}

const readById = {
	name: 'read_program_by_id',
	text: `
		WITH program AS (
			SELECT c.user_id, u.full_name, c.scopes, coalesce(c.expires_at <= now(), false) AS is_expired, c.last_used_at
			FROM api_clients c
			JOIN users u ON u.id = c.user_id
			WHERE c.revoked_at IS NULL AND c.user_id = $1::bigint
		),
		used AS (
			UPDATE api_clients c SET last_used_at = now()
			FROM program p
			WHERE c.user_id = p.user_id AND NOT p.is_expired AND coalesce(p.last_used_at < now() - interval '1 minute', true)
		)
		SELECT user_id, full_name, scopes, is_expired FROM program`,
}

type NewApiClient = z.output<typeof apiClientEndpoints.createApiClient.body>

async function createApiClient(
	{ db, nowMs }: { db: Db; nowMs: () => number },
	actor: Actor,
	{ name, scopes, expiresAt, jwks, jwksUrl }: NewApiClient,
	origin: Origin,
): Promise<ApiClientWithKey> {
	if (expiresAt !== undefined && Date.parse(expiresAt) <= nowMs()) throw invalidInput('expiresAt', 'must be in the future')
	const key = newKey()
	return await inTransaction(db, async trx => {
		const email = `${randomUUID()}@programs.invalid`
		const account = await insertAccount(trx, {
			email,
			passwordHash: null,
			fullName: name,
			phone: null,
			role: 'receptionist',
			status: 'active',
		})
		await trx('users').where({ id: account.id }).update({ is_program: true })
		await trx('api_clients').insert({
			user_id: account.id,
			key_hash: digestSecret(key),
			scopes,
			created_by: actor.userId,
			expires_at: expiresAt ?? null,
			jwks: jwks ? JSON.stringify(jwks) : null,
			jwks_url: jwksUrl ?? null,
		})
		await recordAudit(trx, {
			...about(account.id),
			actor,
			origin,
			action: 'created',
			details: { name, scopes, ...((jwks || jwksUrl) && { signs: true }) },
		})
		return { ...(await readApiClient(trx, account.id)), key }
	})
}

type By = { actor: Actor; origin: Origin }

async function rotateKey(db: Db, by: By, id: string, overlapMinutes: number): Promise<ApiClientWithKey> {
	const key = newKey()
	return await inTransaction(db, async trx => {
		await lockApiClient(trx, id)
		await trx('api_clients')
			.where({ user_id: id })
			.update({
				former_key_hash: trx.ref('key_hash'),
				former_key_until: trx.raw('now() + make_interval(mins => ?)', overlapMinutes),
				key_hash: digestSecret(key),
			})
		await recordAudit(trx, { ...about(id), ...by, action: 'rotated', details: { overlapMinutes } })
		return { ...(await readApiClient(trx, id)), key }
	})
}

/** The account stays, because appointments and the audit log name it. */
async function revokeApiClient(db: Db, by: By, id: string): Promise<void> {
	await inTransaction(db, async trx => {
		await lockApiClient(trx, id)
		await trx('api_clients').where({ user_id: id }).update({ revoked_at: trx.fn.now() })
		await trx('users').where({ id }).update({ status: 'disabled' })
		await recordAudit(trx, { ...about(id), ...by, action: 'revoked' })
	})
}

async function listApiClients(db: Db, { cursor, limit }: { cursor?: string | undefined; limit: number }) {
	const clients = inUse(db)
		.orderBy('c.user_id', 'desc')
		.limit(limit + 1)
	if (cursor !== undefined) {
		const [beforeId = ''] = decodeCursor(cursor, 1)
		if (!isDatabaseId(beforeId)) throw invalidInput('cursor', 'is not one that this server gave out')
		clients.where('c.user_id', '<', beforeId)
	}
	return toPage(await clients, limit, toApiClient, ({ id }) => [id])
}

const newKey = () => keyPrefix + newSecret()
const about = (id: string) => ({ entity: 'api_client', entityId: id })

async function lockApiClient(trx: Tx, id: string): Promise<void> {
	const known = isDatabaseId(id) && (await trx('api_clients').where({ user_id: id, revoked_at: null }).forUpdate().first('user_id'))
	if (!known) throw new Refusal('not_found')
}

const readApiClient = async (db: DbOrTx, id: string) => toApiClient((await inUse(db).where({ user_id: id }).first()) as ClientRow)

type ClientRow = {
	id: string
	name: string
	scopes: Scope[]
	createdAt: Date
	expiresAt: Date | null
	lastUsedAt: Date | null
	formerKeyUntil: Date | null
	jwks: ApiClient['jwks'] | null
	jwksUrl: string | null
}

function inUse(db: DbOrTx) {
	return db('api_clients as c').join('users as u', 'u.id', 'c.user_id').whereNull('c.revoked_at').select<ClientRow[]>({
		id: 'c.user_id',
		name: 'u.full_name',
		scopes: 'c.scopes',
		createdAt: 'c.created_at',
		expiresAt: 'c.expires_at',
		lastUsedAt: 'c.last_used_at',
		formerKeyUntil: 'c.former_key_until',
		jwks: 'c.jwks',
		jwksUrl: 'c.jwks_url',
	})
}

function toApiClient({ id, name, scopes, createdAt, expiresAt, lastUsedAt, formerKeyUntil, jwks, jwksUrl }: ClientRow): ApiClient {
	return {
		id,
		name,
		scopes,
		createdAt: createdAt.toISOString(),
		...(expiresAt && { expiresAt: expiresAt.toISOString() }),
		...(lastUsedAt && { lastUsedAt: lastUsedAt.toISOString() }),
		...(formerKeyUntil && { formerKeyUntil: formerKeyUntil.toISOString() }),
		...(jwks && { jwks }),
		...(jwksUrl && { jwksUrl }),
	}
}
