import { z } from 'zod'
import { Id, IdParams, Instant, PageQuery, pageOf } from './common.ts'
import { endpoint } from './endpoint.ts'
import { SessionTokens } from './identity.ts'

/** Six digits from an authenticator app (RFC 6238), or a recovery code. Spaces and hyphens do not count. */
const Code = z.string().trim().min(1).max(64).meta({ id: 'SecondFactorCode', example: '123456' })

const CurrentPassword = z.string().min(1).max(200)

export const SecondFactor = z
	.object({
		enabled: z.boolean(),
		required: z.boolean().meta({ description: 'Whether this account may do nothing else without one.' }),
		recoveryCodesLeft: z.number().int(),
	})
	.meta({ id: 'SecondFactor' })
export type SecondFactor = z.infer<typeof SecondFactor>

export const SecondFactorSetup = z
	.object({
		secret: z.string().meta({ description: 'In base32, to be typed in where no picture can be scanned.' }),
		uri: z.string().meta({ description: 'The `otpauth://` address that authenticator apps read from a QR code.' }),
	})
	.meta({ id: 'SecondFactorSetup' })
export type SecondFactorSetup = z.infer<typeof SecondFactorSetup>

export const RecoveryCodes = z
	.object({ recoveryCodes: z.array(z.string()).meta({ description: 'Each is good once. They are shown now and never again.' }) })
	.meta({ id: 'RecoveryCodes' })
export type RecoveryCodes = z.infer<typeof RecoveryCodes>

/** One place where the account is signed in. Address and browser are shortened to what tells places apart. */
export const OwnSession = z
	.object({
		id: Id,
		startedAt: Instant,
		lastUsedAt: Instant,
		address: z.string().nullable().meta({ example: '192.0.2.x' }),
		browser: z.string().nullable(),
		system: z.string().nullable(),
		current: z.boolean(),
	})
	.meta({ id: 'OwnSession' })
export type OwnSession = z.infer<typeof OwnSession>

const tag = 'Identity'
const PasswordAndCode = z.object({ currentPassword: CurrentPassword, code: Code })

export const accountSecurityEndpoints = {
	answerChallenge: endpoint({
		method: 'post',
		path: '/auth/second-factor',
		tag,
		summary: 'The second step of signing in: a code of the authenticator app, or a recovery code.',
		access: 'anyone',
		body: z.object({ challenge: z.string().min(1).max(200), code: Code }),
		response: SessionTokens,
		refusals: ['invalid_credentials', 'token_expired', 'account_disabled'],
	}),
	getSecondFactor: endpoint({
		method: 'get',
		path: '/me/second-factor',
		tag,
		summary: 'Whether signing in asks for a second factor.',
		access: 'any-status',
		response: SecondFactor,
	}),
	beginSecondFactor: endpoint({
		method: 'post',
		path: '/me/second-factor',
		tag,
		summary: 'Begin to set a second factor up. The secret is shown this once; it counts when it is confirmed with a code.',
		access: 'any-status',
		body: z.object({ currentPassword: CurrentPassword }),
		status: 201,
		response: SecondFactorSetup,
		refusals: ['invalid_credentials', 'forbidden'],
	}),
	confirmSecondFactor: endpoint({
		method: 'post',
		path: '/me/second-factor/confirm',
		tag,
		summary: 'Switch the second factor on with a code of it. Every other session ends.',
		access: 'any-status',
		body: z.object({ code: Code }),
		response: RecoveryCodes,
		refusals: ['invalid_credentials', 'token_expired'],
	}),
	renewRecoveryCodes: endpoint({
		method: 'post',
		path: '/me/second-factor/recovery-codes',
		tag,
		summary: 'New recovery codes in place of the old.',
		access: 'any-status',
		body: PasswordAndCode,
		response: RecoveryCodes,
		refusals: ['invalid_credentials'],
	}),
	disableSecondFactor: endpoint({
		method: 'post',
		path: '/me/second-factor/disable',
		tag,
		summary: 'Switch the second factor off. Every other session ends.',
		access: 'any-status',
		body: PasswordAndCode,
		refusals: ['invalid_credentials'],
	}),
	resetSecondFactor: endpoint({
		method: 'delete',
		path: '/admin/users/:id/second-factor',
		tag: 'Admin',
		summary: 'Take a colleague’s second factor off who lost it. Every session of the account ends.',
		access: ['admin'],
		params: IdParams,
		refusals: ['not_found', 'forbidden'],
	}),
	listOwnSessions: endpoint({
		method: 'get',
		path: '/me/sessions',
		tag,
		summary: 'Where this account is signed in, the last used first.',
		access: 'any-status',
		query: PageQuery,
		response: pageOf(OwnSession),
	}),
	endOtherSessions: endpoint({
		method: 'delete',
		path: '/me/sessions',
		tag,
		summary: 'Sign out everywhere else, at once.',
		access: 'any-status',
		response: z.object({ ended: z.number().int().meta({ description: 'How many sessions there were.' }) }),
	}),
	endOwnSession: endpoint({
		method: 'delete',
		path: '/me/sessions/:id',
		tag,
		summary: 'Sign out in one place, at once.',
		access: 'any-status',
		params: IdParams,
		refusals: ['not_found'],
	}),
}
