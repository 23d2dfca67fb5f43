import { parseCookie, stringifySetCookie } from 'cookie'
import type { Request, Response } from 'express'
import * as oidc from 'openid-client'
import { z } from 'zod'
import { identityEndpoints, type Role, type SignInChallenge, staffRoles } from '../../contract/index.ts'
import type { Config } from '../config.ts'
import { type Db, inTransaction, type Tx } from '../platform/database/database.ts'
import type { Log } from '../platform/observability/log.ts'
import { Refusal } from '../platform/refusal.ts'
import { recordAudit } from '../platform/security/audit.ts'
import { type Account, ensureProfile, findAccountByEmail, insertAccount, lockAccount } from './accounts.ts'
import { publicRoute, type Route } from './handlers.ts'
import type { RegistrationLimit } from './limits.ts'
import { createSeal, type Seal } from './secrets.ts'
import { byThemself, type Client, type SignedIn } from './sessions.ts'
import { openAfterFirstFactor } from './sign-in.ts'

export type ProviderDeps = {
	db: Db
	log: Log
	config: Pick<Config, 'oidc' | 'jwtSecret' | 'production'>
	registrationLimit: RegistrationLimit
	/** The server's address for browsers, known once it listens. */
	publicUrl: () => string
	clientOf: (req: Request, ip: Client['origin']) => Client
	/** Sets the session's cookie. */
	handOver: (res: Response, signedIn: SignedIn) => Promise<unknown>
}

/**
 * Signs staff and doctors in with the clinic's identity provider: OpenID Connect, authorization code with PKCE, state and nonce. What
 * must survive the way through the provider is sealed into a cookie of the browser, so that no other browser can end it.
 */
export function providerRoutes(deps: ProviderDeps): Route[] {
	const { config, publicUrl, registrationLimit } = deps
	const seal = createSeal(config.jwtSecret, 'sign-in by provider')
	const provider = config.oidc && createProvider(config.oidc, config.production)
	const redirectUri = () => `${publicUrl()}/api/v1${identityEndpoints.finishAtProvider.path}`

	return [
		publicRoute(identityEndpoints.listSignInMethods, async () => ({ provider: provider !== undefined })),
		publicRoute(identityEndpoints.startAtProvider, async ({ query, origin, res }) => {
			if (!provider) throw new Refusal('not_found')
			await registrationLimit.consume(origin.ip)
			const flow = {
				state: oidc.randomState(),
				nonce: oidc.randomNonce(),
				verifier: oidc.randomPKCECodeVerifier(),
				returnTo: query.returnTo,
			}
			const server = await provider.server()
			setFlow(res, sealed(seal, flow))
			return oidc.buildAuthorizationUrl(server, {
				redirect_uri: redirectUri(),
				scope: 'openid email profile',
				code_challenge: await oidc.calculatePKCECodeChallenge(flow.verifier),
				code_challenge_method: 'S256',
				state: flow.state,
				nonce: flow.nonce,
			}).href
		}),
		publicRoute(identityEndpoints.finishAtProvider, async ({ origin, req, res }) => {
			if (!provider) throw new Refusal('not_found')
			await registrationLimit.consume(origin.ip)
			const flow = opened(seal, req.headers.cookie)
			setFlow(res, null)
			try {
				if (!flow) throw new Refusal('token_expired', { message: 'Start to sign in again' })
				const person = await readPerson(await provider.server(), callbackOf(req, redirectUri()), flow)
				const client = deps.clientOf(req, origin)
				const answer = await signInPerson(deps, { ...person, issuer: provider.issuer, role: provider.roleOf(person.claims) }, client)
				if ('challenge' in answer) return `/sign-in#challenge=${encodeURIComponent(answer.challenge)}`
				await deps.handOver(res, answer)
				return flow.returnTo ?? '/sign-in'
			} catch (error) {
				const refusal = error instanceof Refusal ? error : notSignedIn(deps.log, error)
				// A person sees the reason on a page, a program gets the refusal itself.
				if (req.accepts(['json', 'html']) !== 'html') throw refusal
				return `/sign-in?problem=${refusal.code}`
			}
		}),
	]

	function setFlow(res: Response, value: string | null) {
		res.append(
			'Set-Cookie',
			stringifySetCookie({
				name: flowCookie,
				value: value ?? '',
				httpOnly: true,
				// The provider's page leads back to ours: such a request carries no strict cookie.
				sameSite: 'lax',
				path: '/api/v1/auth/oidc',
				secure: config.production,
				maxAge: value === null ? 0 : flowSeconds,
			}),
		)
	}
}

const flowCookie = 'oidc_flow'
const flowSeconds = 600
const owner = 'browser'

const Flow = z.object({
	state: z.string(),
	nonce: z.string(),
	verifier: z.string(),
	returnTo: z.string().optional(),
	untilMs: z.number(),
})
type Flow = z.output<typeof Flow>

const sealed = (seal: Seal, flow: Omit<Flow, 'untilMs'>) =>
	seal.close(Buffer.from(JSON.stringify({ ...flow, untilMs: Date.now() + flowSeconds * 1000 })), owner).toString('base64url')

function opened(seal: Seal, cookies: string | undefined): Flow | undefined {
	const content = seal.open(Buffer.from(parseCookie(cookies ?? '')[flowCookie] ?? '', 'base64url'), owner)
	const flow = content && Flow.parse(JSON.parse(content.toString()))
	return flow && flow.untilMs > Date.now() ? flow : undefined
}

function createProvider({ issuer, clientId, clientSecret, roleClaim }: NonNullable<Config['oidc']>, production: boolean) {
	let known: Promise<oidc.Configuration> | undefined
	return {
		issuer,
		/** Asks the provider for its addresses once. A provider that was away is asked again. */
		server: () => {
			known ??= discover().catch(error => {
				known = undefined
				throw error
			})
			return known
		},
		/** The first role of staff or doctors that the claim names. */
		roleOf(claims: Record<string, unknown>): Role | undefined {
			const named = roleClaim === undefined ? [] : [claims[roleClaim]].flat()
			return ([...staffRoles, 'doctor'] as const).find(role => named.includes(role))
		},
	}

	async function discover() {
		const execute = production ? [] : [oidc.allowInsecureRequests]
		const found = await oidc.discovery(new URL(issuer), clientId, clientSecret, oidc.ClientSecretBasic(clientSecret), { execute })
		const methods = found.serverMetadata().token_endpoint_auth_methods_supported
		// Basic is what a provider supports that does not say otherwise (OpenID Connect Discovery, section 3).
		if (!methods || methods.includes('client_secret_basic')) return found
		return await oidc.discovery(new URL(issuer), clientId, clientSecret, oidc.ClientSecretPost(clientSecret), { execute })
	}
}

/** The address that the provider sent the browser to. Behind a proxy the server does not see it whole. */
function callbackOf(req: Request, redirectUri: string): URL {
	const url = new URL(redirectUri)
	url.search = new URL(req.originalUrl, redirectUri).search
	return url
}

type Person = { subject: string; email: string | undefined; isVerified: boolean; name: string; claims: Record<string, unknown> }

/** Trades the code for the claims about a person. The library checks state, nonce, issuer, audience, signature and expiry. */
async function readPerson(server: oidc.Configuration, callback: URL, { verifier, state, nonce }: Flow): Promise<Person> {
	const tokens = await oidc.authorizationCodeGrant(server, callback, {
		pkceCodeVerifier: verifier,
		expectedState: state,
		expectedNonce: nonce,
		idTokenExpected: true,
	})
	const ofToken = tokens.claims() as oidc.IDToken
	const isWhole = ofToken.email !== undefined && ofToken.email_verified !== undefined
	const more =
		isWhole || !server.serverMetadata().userinfo_endpoint ? {} : await oidc.fetchUserInfo(server, tokens.access_token, ofToken.sub)
	const claims: Record<string, unknown> = { ...more, ...ofToken }
	const email = typeof claims.email === 'string' ? claims.email.trim().toLowerCase() : undefined
	const name = typeof claims.name === 'string' && claims.name.trim() !== '' ? claims.name.trim().slice(0, 120) : (email ?? 'Staff')
	return { subject: ofToken.sub, email, isVerified: claims.email_verified === true, name, claims }
}

type Identified = Person & { issuer: string; role: Role | undefined }

/**
 * Opens a session for the account that belongs to the provider's subject. The first time it is the account with the same address, if
 * the provider verified it, or a new one, if the provider names a role. Patients do not sign in this way.
 *
 * @throws Refusal forbidden, account_disabled
 */
async function signInPerson({ db }: { db: Db }, person: Identified, client: Client): Promise<SignedIn | SignInChallenge> {
	const answer = await inTransaction(db, async trx => {
		const account = (await findLinked(trx, person)) ?? (await linkKnown(trx, person, client)) ?? (await openLinked(trx, person, client))
		if (!account || account.status === 'disabled') {
			const code = account ? ('account_disabled' as const) : ('forbidden' as const)
			const details = { code, factor }
			await recordAudit(trx, {
				actor: null,
				origin: client.origin,
				action: 'sign_in_failed',
				entity: 'user',
				...(account && { entityId: account.id }),
				details,
			})
			return code
		}
		return await openAfterFirstFactor(trx, account, client, { factor })
	})
	// The audit entry must be committed, so the refusal is thrown after the transaction.
	if (answer === 'forbidden') throw new Refusal('forbidden', { message: 'Ask an admin of the clinic for an account' })
	if (answer === 'account_disabled') throw new Refusal('account_disabled')
	return answer
}

const factor = 'provider'

async function findLinked(trx: Tx, { issuer, subject }: Identified): Promise<Account | undefined> {
	const link = await trx('provider_identities').where({ issuer, subject }).first('user_id as userId')
	return link && (await lockAccount(trx, link.userId))
}

/** An address that the provider did not verify could be anyone's. */
async function linkKnown(trx: Tx, person: Identified, client: Client): Promise<Account | undefined> {
	const known = person.email !== undefined && person.isVerified ? await findAccountByEmail(trx, person.email) : undefined
	const account = known && (await lockAccount(trx, known.id))
	if (!account || account.role === 'patient') return undefined
	return await link(trx, account, person, client)
}

async function openLinked(trx: Tx, person: Identified, client: Client): Promise<Account | undefined> {
	const { email, role, name } = person
	if (email === undefined || role === undefined || (await findAccountByEmail(trx, email))) return undefined
	const account = await insertAccount(trx, { email, passwordHash: null, fullName: name, phone: null, role, status: 'active' })
	await ensureProfile(trx, account)
	await recordAudit(trx, { ...byThemself(account, client), action: 'registered', details: { role, factor } })
	return await link(trx, account, person, client)
}

async function link(trx: Tx, account: Account, { issuer, subject }: Identified, client: Client): Promise<Account> {
	await trx('provider_identities').insert({ issuer, subject, user_id: account.id })
	await recordAudit(trx, { ...byThemself(account, client), action: 'linked', details: { factor } })
	return account
}

/** What the library refuses: a wrong state or nonce, another's code, an expired or forged token; or the provider is away. */
function notSignedIn(log: Log, error: unknown): Refusal {
	log.warn({ reason: (error as Error).message }, 'sign-in by provider failed')
	return new Refusal('invalid_credentials', { message: 'The identity provider did not confirm this sign-in' })
}
