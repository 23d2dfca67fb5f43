import { z } from 'zod'
import { Email, FullName, Id, IdParams, Instant, PageQuery, Phone, pageOf, Text, TimeZone } from './common.ts'
import { endpoint } from './endpoint.ts'
import { Language } from './notifications.ts'
import { Role } from './roles.ts'

export const AccountStatus = z.enum(['active', 'pending', 'disabled'])
export type AccountStatus = z.infer<typeof AccountStatus>

export const User = z
	.object({
		id: Id,
		email: z.string(),
		fullName: z.string(),
		phone: z.string().optional(),
		role: Role,
		status: AccountStatus,
	})
	.meta({ id: 'User' })
export type User = z.infer<typeof User>

/** An account as an admin sees it. */
export const ListedUser = User.extend({
	secondFactor: z.literal(true).optional(),
	invited: z.literal(true).optional().meta({ description: 'There until the owner has set a password.' }),
}).meta({ id: 'ListedUser' })
export type ListedUser = z.infer<typeof ListedUser>

/** At least 10 characters: NIST SP 800-63B asks for length rather than composition. */
export const Password = z.string().min(10).max(200)

export const SessionTokens = z
	.object({
		accessToken: z.string(),
		expiresIn: z.number().int().meta({ description: 'Seconds until the access token expires.' }),
		user: User,
		secondFactorNeeded: z
			.literal(true)
			.optional()
			.meta({ description: 'There when this account can do nothing before it has set up a second factor.' }),
	})
	.meta({ id: 'SessionTokens' })
export type SessionTokens = z.infer<typeof SessionTokens>

export const SignInChallenge = z
	.object({
		challenge: z.string().meta({ description: 'To be sent to `/auth/second-factor` together with a code.' }),
		expiresIn: z.number().int().meta({ description: 'Seconds until it expires.' }),
	})
	.meta({ id: 'SignInChallenge' })
export type SignInChallenge = z.infer<typeof SignInChallenge>

const tag = 'Identity'

export const identityEndpoints = {
	register: endpoint({
		method: 'post',
		path: '/auth/register',
		tag,
		summary: 'Open an account. A doctor waits for an admin’s approval.',
		access: 'anyone',
		body: z.object({
			email: Email,
			password: Password,
			fullName: FullName,
			phone: Phone.optional(),
			role: z.enum(['patient', 'doctor']).default('patient'),
			specialty: Text(80).optional(),
			timeZone: TimeZone.optional(),
		}),
		status: 201,
		response: SessionTokens,
		refusals: ['email_taken'],
	}),
	login: endpoint({
		method: 'post',
		path: '/auth/login',
		tag,
		summary:
			'Sign in. The refresh token comes as a cookie that scripts cannot read. An account with a second factor gets a challenge instead.',
		access: 'anyone',
		body: z.object({ email: Email, password: z.string().min(1).max(200) }),
		response: z.union([SessionTokens, SignInChallenge]),
		refusals: ['invalid_credentials', 'account_disabled'],
	}),
	requestCode: endpoint({
		method: 'post',
		path: '/auth/code',
		tag,
		summary:
			'Ask for a six-digit code by mail, to sign in or to open an account. The answer is the same whether or not the address is known.',
		access: 'anyone',
		body: z.object({ email: Email, language: Language.optional().meta({ description: 'The language of the letter.' }) }),
		status: 202,
		response: z.object({}),
	}),
	verifyCode: endpoint({
		method: 'post',
		path: '/auth/code/verify',
		tag,
		summary:
			'Sign in with the code from the mail: 200, as for a password. For an unknown address it opens a patient’s account, which needs a name: 201. A code works once, for ten minutes and five tries.',
		access: 'anyone',
		body: z.object({
			email: Email,
			code: z
				.string()
				.trim()
				.transform(code => code.replace(/[\s-]/g, ''))
				.pipe(z.string().regex(/^\d{6}$/, 'must be six digits'))
				.meta({ example: '123456' }),
			fullName: FullName.optional(),
			phone: Phone.optional(),
			language: Language.optional(),
		}),
		mayCreate: true,
		response: z.union([SessionTokens, SignInChallenge]),
		refusals: ['invalid_credentials', 'account_disabled', 'email_taken'],
	}),
	listSignInMethods: endpoint({
		method: 'get',
		path: '/auth/methods',
		tag,
		summary: 'The ways to sign in besides a password and a code by mail.',
		access: 'anyone',
		response: z.object({
			provider: z.boolean().meta({ description: 'Whether staff and doctors can sign in with the clinic’s identity provider.' }),
		}),
	}),
	startAtProvider: endpoint({
		method: 'get',
		path: '/auth/oidc/start',
		tag,
		summary: 'Lead the browser to the clinic’s identity provider (OpenID Connect).',
		access: 'anyone',
		query: z.object({
			returnTo: z
				.string()
				.max(500)
				.regex(/^\/(?![/\\])/, 'must be a path of this server')
				.optional(),
		}),
		status: 303,
		response: z.string(),
		refusals: ['not_found'],
	}),
	finishAtProvider: endpoint({
		method: 'get',
		path: '/auth/oidc/callback',
		tag,
		summary: 'Where the identity provider leads the browser back to. Sets the refresh cookie.',
		access: 'anyone',
		query: z.looseObject({}),
		status: 303,
		response: z.string(),
		refusals: ['not_found', 'forbidden', 'account_disabled', 'invalid_credentials', 'token_expired'],
	}),
	refresh: endpoint({
		method: 'post',
		path: '/auth/refresh',
		tag,
		summary:
			'Trade the refresh cookie for a new pair. Using an old one again ends the whole session, unless it repeats the trade, whose answer was lost, with the same Idempotency-Key.',
		repeatable: true,
		access: 'anyone',
		response: SessionTokens,
		refusals: ['unauthenticated', 'token_expired', 'account_disabled'],
	}),
	logout: endpoint({ method: 'post', path: '/auth/logout', tag, summary: 'End this session.', access: 'anyone' }),
	createFirstAdmin: endpoint({
		method: 'post',
		path: '/auth/first-admin',
		tag,
		summary:
			'Open the first admin’s account with the token of the link that a new server prints. It works for an hour, and only while there is no admin.',
		access: 'anyone',
		body: z.object({ token: z.string().min(1).max(200), email: Email, password: Password, fullName: FullName }),
		status: 201,
		response: SessionTokens,
		refusals: ['token_expired', 'email_taken'],
	}),
	forgotPassword: endpoint({
		method: 'post',
		path: '/auth/forgot-password',
		tag,
		summary: 'Ask for a link to set a new password. The answer is the same whether or not the address is known.',
		access: 'anyone',
		body: z.object({ email: Email }),
		status: 202,
		response: z.object({}),
	}),
	resetPassword: endpoint({
		method: 'post',
		path: '/auth/reset-password',
		tag,
		summary: 'Set a new password with the token from the mail. Every session of the account ends.',
		access: 'anyone',
		body: z.object({ token: z.string().min(1).max(200), password: Password }),
		refusals: ['token_expired'],
	}),
	getMe: endpoint({ method: 'get', path: '/me', tag, summary: 'The signed-in account.', access: 'any-status', response: User }),
	updateMe: endpoint({
		method: 'patch',
		path: '/me',
		tag,
		summary: 'Change one’s own name, phone or password.',
		access: 'any-status',
		body: z.object({
			fullName: FullName.optional(),
			phone: Phone.nullable().optional(),
			password: Password.optional(),
			currentPassword: z.string().min(1).max(200).optional(),
		}),
		response: User,
		refusals: ['invalid_credentials'],
	}),
	listUsers: endpoint({
		method: 'get',
		path: '/admin/users',
		tag: 'Admin',
		summary: 'All accounts, newest first.',
		access: ['admin'],
		reveals: 'user',
		query: PageQuery.extend({
			q: z.string().trim().max(100).optional(),
			role: Role.optional(),
			status: AccountStatus.optional(),
		}),
		response: pageOf(ListedUser),
	}),
	createUser: endpoint({
		method: 'post',
		path: '/admin/users',
		tag: 'Admin',
		summary: 'Create an account of any role. Without a password its owner sets one through “forgot password”.',
		access: ['admin'],
		body: z.object({
			email: Email,
			fullName: FullName,
			role: Role,
			password: Password.optional(),
			phone: Phone.optional(),
			specialty: Text(80).optional(),
			timeZone: TimeZone.optional(),
		}),
		status: 201,
		response: User,
		refusals: ['email_taken'],
	}),
	updateUser: endpoint({
		method: 'patch',
		path: '/admin/users/:id',
		tag: 'Admin',
		summary:
			'Approve, disable, rename, or change the address or role of an account. Disabling cuts off its sockets at once. Doctors with future appointments stay.',
		access: ['admin'],
		params: IdParams,
		body: z.object({ role: Role.optional(), status: AccountStatus.optional(), fullName: FullName.optional(), email: Email.optional() }),
		response: User,
		refusals: ['not_found', 'forbidden', 'email_taken', 'in_use'],
	}),
}

export const AuditEntry = z
	.object({
		id: Id,
		at: Instant,
		actorId: Id.nullable(),
		actorName: z.string().nullable(),
		action: z.string(),
		entity: z.string(),
		entityId: z.string().nullable(),
		ip: z.string().nullable(),
		requestId: z.string().nullable(),
		details: z.record(z.string(), z.unknown()),
		patientId: Id.optional().meta({ description: 'The patient whom the entry is about.' }),
		patientName: z.string().optional(),
	})
	.meta({ id: 'AuditEntry' })
export type AuditEntry = z.infer<typeof AuditEntry>
