import { createSecretKey } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { z } from 'zod'
import { Role } from '../../contract/index.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { Refusal } from '../platform/refusal.ts'

export type AccessToken = { userId: string; sessionId: string; expiresAtMs: number }

export const accessTokenSeconds = 15 * 60

const algorithm = 'HS256'
const issuer = 'liveslot'

/** `role` is for the client to read; the server asks the database each time. */
const Claims = z.object({ sub: z.string().refine(isDatabaseId), sid: z.uuid(), role: Role, exp: z.number() })

export type AccessTokens = {
	sign(claims: { userId: string; role: Role; sessionId: string }): string
	/** @throws Refusal token_expired for a token that was ours, unauthenticated for anything else */
	verify(token: string): AccessToken
}

/** Access tokens: JWTs (RFC 7519) with the one algorithm pinned, as RFC 8725 §3.1 asks. */
export function createAccessTokens(secret: string): AccessTokens {
	const key = createSecretKey(secret, 'utf8')
	return {
		sign: ({ userId, role, sessionId }) =>
			jwt.sign({ role, sid: sessionId }, key, { algorithm, issuer, subject: userId, expiresIn: accessTokenSeconds }),
		verify: token => {
			try {
				const { sub, sid, exp } = Claims.parse(jwt.verify(token, key, { algorithms: [algorithm], issuer }))
				return { userId: sub, sessionId: sid, expiresAtMs: exp * 1000 }
			} catch (error) {
				throw new Refusal(error instanceof jwt.TokenExpiredError ? 'token_expired' : 'unauthenticated')
			}
		},
	}
}

/**
 * The token of an `Authorization: Bearer …` header (RFC 6750 §2.1); undefined without a header.
 *
 * @throws Refusal unauthenticated when there is a header of another form
 */
export function readBearer(authorization: string | undefined): string | undefined {
	if (authorization === undefined) return undefined
	const token = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization)?.[1]
	if (!token) throw new Refusal('unauthenticated', { message: 'The Authorization header must be “Bearer” and a token' })
	return token
}
