import type { AccountStatus, Role, User } from '../../contract/index.ts'
import { decodeCursor } from '../platform/database/cursors.ts'
import { type Db, type DbOrTx, type Tx, violatedConstraint } from '../platform/database/database.ts'
import { isDatabaseId } from '../platform/database/ids.ts'
import { Refusal } from '../platform/refusal.ts'

export type Account = {
	id: string
	email: string
	/** Null for an account that an admin made, until its owner sets a password. */
	passwordHash: string | null
	fullName: string
	phone: string | null
	role: Role
	status: AccountStatus
}

const columns = ['id', 'email', 'password_hash as passwordHash', 'full_name as fullName', 'phone', 'role', 'status']

/** The only form in which the server shows an account. */
export function toUser({ id, email, fullName, phone, role, status }: Account): User {
	return {
		id,
		email,
		fullName,
		...(phone !== null && { phone }),
		role,
		status,
	}
}

export const findAccount = (db: DbOrTx, id: string): Promise<Account | undefined> => db('users').first(columns).where({ id })

/** Finds a person's account. `email` is in lower case, as the contract's schema leaves it. */
export const findAccountByEmail = (db: DbOrTx, email: string): Promise<Account | undefined> =>
	db('users').first(columns).where({ email, is_program: false })

/**
 * Reads an account and locks it until the transaction ends. Code that opens, renews or ends sessions, or sets a password, takes this
 * lock first: otherwise a renewal could keep a session alive while all sessions are being ended.
 */
export const lockAccount = (trx: Tx, id: string): Promise<Account | undefined> => trx('users').first(columns).where({ id }).forNoKeyUpdate()

/** Locks every active admin and returns their ids. The fixed order keeps two admins from demoting each other at the same moment. */
export async function lockActiveAdmins(trx: Tx): Promise<string[]> {
	const admins = await trx('users').select('id').where({ role: 'admin', status: 'active' }).orderBy('id').forNoKeyUpdate()
	return admins.map(({ id }) => id)
}

/** @throws Refusal email_taken */
export async function insertAccount(trx: Tx, { passwordHash, fullName, ...rest }: Omit<Account, 'id'>): Promise<Account> {
	const [account]: Account[] = await orTaken(
		trx('users')
			.insert({ ...rest, password_hash: passwordHash, full_name: fullName })
			.returning(columns),
	)
	return account as Account
}

export type AccountChanges = Partial<Pick<Account, 'email' | 'passwordHash' | 'fullName' | 'phone' | 'role' | 'status'>>

/** Changes an account, and the name, phone and address in its patient file with it. @throws Refusal not_found, email_taken */
export async function updateAccount(trx: Tx, id: string, changes: AccountChanges): Promise<Account> {
	const { passwordHash, fullName, ...rest } = changes
	const { phone, email } = changes
	// knex leaves undefined columns as they are.
	const [account]: Account[] = await orTaken(
		trx('users')
			.where({ id })
			.update({ ...rest, password_hash: passwordHash, full_name: fullName, updated_at: trx.fn.now() })
			.returning(columns),
	)
	if (!account) throw new Refusal('not_found')
	if (fullName !== undefined || phone !== undefined || email !== undefined)
		await trx('patients').where({ user_id: id }).update({ full_name: fullName, phone, email, updated_at: trx.fn.now() })
	return account
}

/** The unique constraint decides whether an address is taken. */
async function orTaken<T>(write: PromiseLike<T>): Promise<T> {
	try {
		return await write
	} catch (error) {
		if (violatedConstraint(error) === 'users_email_taken') throw new Refusal('email_taken')
		throw error
	}
}

export type DoctorProfile = { specialty?: string | undefined; timeZone?: string | undefined }

/**
 * Gives a doctor a calendar and a patient a file, under the id of the account, unless there is one. Never removes either. The calendar
 * is in the clinic's time zone unless the caller names another.
 */
export async function ensureProfile(trx: Tx, account: Account, { specialty, timeZone }: DoctorProfile = {}): Promise<void> {
	const { id, fullName, phone, email, role } = account
	if (role === 'doctor')
		await trx('doctors')
			.insert({ id, specialty: specialty ?? 'General practice', time_zone: timeZone ?? trx.raw('(SELECT time_zone FROM clinic)') })
			.onConflict('id')
			.ignore()
	if (role === 'patient')
		await trx('patients').insert({ id, user_id: id, full_name: fullName, phone, email }).onConflict('user_id').ignore()
}

export type AccountFilter = {
	q?: string | undefined
	role?: Role | undefined
	status?: AccountStatus | undefined
	cursor?: string | undefined
	limit: number
}

/** Newest first. Reads one row more than `limit`, which shows whether there is a next page. */
export async function listAccounts(db: Db, { q, role, status, cursor, limit }: AccountFilter): Promise<Account[]> {
	const accounts = db('users')
		.select(columns)
		.where({ is_program: false })
		.orderBy('id', 'desc')
		.limit(limit + 1)
	if (role) accounts.where({ role })
	if (status) accounts.where({ status })
	const fragment = q?.toLowerCase()
	// `strpos` instead of LIKE, so that no character of the fragment is a wildcard.
	if (fragment)
		accounts.where(match => match.whereRaw('strpos(lower(full_name), ?) > 0', fragment).orWhereRaw('strpos(email, ?) > 0', fragment))
	if (cursor !== undefined) {
		const [beforeId = ''] = decodeCursor(cursor, 1)
		if (!isDatabaseId(beforeId)) throw new Refusal('invalid_input', { message: 'cursor: is not one that this server gave out' })
		accounts.where('id', '<', beforeId)
	}
	return await accounts
}
