import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, startTransition, useCallback, useContext, useEffect, useMemo, useRef, useState } from 'react'
import type { SessionTokens, SignInChallenge, User } from '../../contract/index.ts'
import { forgetReason } from '../booking/typed-reason.ts'
import { ApiError, getAccessToken, onTokenExpired, request, setAccessToken } from './http.ts'
import { isRefused, renewAlone } from './renewal.ts'
import { ask, reopen, socket } from './socket.ts'

type Credentials = { email: string; password: string }
type Registration = Credentials & { fullName: string; phone?: string; role?: 'patient' | 'doctor'; specialty?: string; timeZone?: string }

type Session = {
	/** Undefined while it is not known yet, null when signed out. */
	user: User | null | undefined
	/** The server could not say who this is. It is asked again once the connection is back, or by `retry`. */
	failed: boolean
	retry(): Promise<void>
	/** Whether the server lets this account do nothing before it has set up a second factor. */
	lacksSecondFactor: boolean
	/** An account with a second factor gets a challenge, to be answered with a code of it. */
	signIn(credentials: Credentials): Promise<User | SignInChallenge>
	answerChallenge(challenge: string, code: string): Promise<User>
	/** Signs in with the code from a mail; opens an account for an unknown address, which needs a name. @throws ApiError */
	answerMailedCode(answer: { email: string; code: string; fullName?: string; language: string }): Promise<User | SignInChallenge>
	register(registration: Registration): Promise<User>
	/** Opens the first admin's account with the token of the link that a new server prints. @throws ApiError token_expired */
	openFirstAdmin(admin: Credentials & { token: string; fullName: string }): Promise<User>
	/** `leave` goes to a screen for visitors, in the same moment: a guarded screen would ask to sign in again. */
	signOut(leave?: () => void): Promise<void>
	/** Erases the patient's account for good, and signs out. @throws ApiError */
	erase(password: string, leave: () => void): Promise<void>
	setUser(user: User): void
	/** The second factor is set up: all else is open now. */
	secondFactorSet(): void
}

const SessionContext = createContext<Session | null>(null)

/** A session is likely where there was one; without the mark a visitor's page does not ask. */
const mark = 'liveslot-session'
const remember = (signedIn: boolean) => {
	try {
		if (signedIn) localStorage.setItem(mark, '1')
		else localStorage.removeItem(mark)
	} catch {}
}
const wasSignedIn = () => {
	try {
		return localStorage.getItem(mark) === '1'
	} catch {
		return false
	}
}

/** A visitor's connection waits for no session: it is opened while the page is still being made. */
export const openEarly = () => {
	if (!wasSignedIn()) socket.connect()
}

const renewAheadMs = 60_000

const insistAfterMs = 500

/** Asks once more when no answer came, as when a node dies under the request: signing in twice does no harm. */
const insistently = async <T,>(ask: () => Promise<T>): Promise<T> => {
	try {
		return await ask()
	} catch (error) {
		if (!(error instanceof ApiError) || error.code !== 'unreachable' || error.slow) throw error
		await new Promise(resolve => setTimeout(resolve, insistAfterMs))
		return await ask()
	}
}

export const SessionProvider = ({ children }: { children: ReactNode }) => {
	const [user, setUser] = useState<User | null | undefined>(() => (wasSignedIn() ? undefined : null))
	const queries = useQueryClient()
	const [failed, setFailed] = useState(false)
	const [lacksSecondFactor, setLacksSecondFactor] = useState(false)
	const timer = useRef<number | undefined>(undefined)
	const renewal = useRef<Promise<boolean> | undefined>(undefined)
	const leaving = useRef(false)

	const end = useCallback(() => {
		window.clearTimeout(timer.current)
		setAccessToken(undefined)
		remember(false)
		// The next person who signs in here must not see it.
		queries.clear()
		forgetReason()
		setUser(null)
	}, [queries])

	const begin = useCallback((tokens: SessionTokens, renew: () => Promise<boolean>) => {
		setAccessToken(tokens.accessToken)
		remember(true)
		setFailed(false)
		setUser(tokens.user)
		setLacksSecondFactor(tokens.secondFactorNeeded === true)
		window.clearTimeout(timer.current)
		timer.current = window.setTimeout(() => void renew(), Math.max(5000, tokens.expiresIn * 1000 - renewAheadMs))
	}, [])

	const renew = useCallback((): Promise<boolean> => {
		const send = (key: string) => request<SessionTokens>('/auth/refresh', { method: 'POST', key, outlivesPage: true })
		renewal.current ??= renewAlone(send)
			.then(
				tokens => {
					begin(tokens, renew)
					if (socket.connected) void ask('session:renew', { token: tokens.accessToken }).catch(() => reopen())
					return true
				},
				(error: unknown) => {
					if (isRefused(error)) end()
					else setFailed(true)
					return false
				},
			)
			.finally(() => {
				renewal.current = undefined
			})
		return renewal.current
	}, [begin, end])

	useEffect(() => {
		onTokenExpired(renew)
		// A connection that was refused for its token is not tried again by itself.
		let again: number | undefined
		const onRefused = () => {
			if (socket.active) return
			window.clearTimeout(again)
			again = window.setTimeout(async () => {
				if (getAccessToken()) await renew()
				socket.connect()
			}, 1000)
		}
		socket.on('connect_error', onRefused)
		// A server that closes the connection may have ended the session: then the page says so at once.
		const onClosed = (reason: string) => {
			if (reason !== 'io server disconnect' || !getAccessToken() || leaving.current) return
			request('/me').catch(error => error.code === 'account_disabled' && end())
		}
		socket.on('disconnect', onClosed)
		// A session that could not be renewed, for want of an answer, is as soon as there is one.
		const onConnect = () => {
			if (wasSignedIn() && !getAccessToken()) void renew().then(renewed => renewed && reopen())
		}
		const open = async () => {
			if (wasSignedIn()) await renew()
			socket.on('connect', onConnect)
			// Asked twice while it is being opened, the server would close it.
			if (!socket.active) socket.connect()
		}
		void open()
		return () => {
			socket.off('connect_error', onRefused)
			socket.off('disconnect', onClosed)
			socket.off('connect', onConnect)
			window.clearTimeout(again)
			window.clearTimeout(timer.current)
		}
	}, [renew, end])

	const enter = useCallback(
		(tokens: SessionTokens) => {
			begin(tokens, renew)
			reopen()
			return tokens.user
		},
		[begin, renew],
	)

	const signOut = useCallback(
		async (leave = () => {}) => {
			// The server closes the connection: the page asked for that, and has no session to renew then.
			setAccessToken(undefined)
			remember(false)
			await request('/auth/logout', { method: 'POST' }).catch(() => {})
			startTransition(() => {
				leave()
				end()
			})
			reopen()
		},
		[end],
	)

	const erase = useCallback(
		async (password: string, leave: () => void) => {
			leaving.current = true
			try {
				await request('/me', { method: 'DELETE', body: { password } })
				await signOut(leave)
			} finally {
				leaving.current = false
			}
		},
		[signOut],
	)

	const session = useMemo<Session>(
		() => ({
			user,
			failed: failed && user === undefined,
			retry: async () => {
				setFailed(false)
				if (await renew()) reopen()
			},
			setUser,
			lacksSecondFactor,
			secondFactorSet: () => {
				setLacksSecondFactor(false)
				reopen()
			},
			signIn: async credentials => {
				const ask = () => request<SessionTokens | SignInChallenge>('/auth/login', { method: 'POST', body: credentials })
				const answer = await insistently(ask)
				return 'challenge' in answer ? answer : enter(answer)
			},
			answerChallenge: async (challenge, code) =>
				enter(await request<SessionTokens>('/auth/second-factor', { method: 'POST', body: { challenge, code } })),
			answerMailedCode: async body => {
				const answer = await request<SessionTokens | SignInChallenge>('/auth/code/verify', { method: 'POST', body })
				return 'challenge' in answer ? answer : enter(answer)
			},
			register: async registration => enter(await request<SessionTokens>('/auth/register', { method: 'POST', body: registration })),
			openFirstAdmin: async admin => enter(await request<SessionTokens>('/auth/first-admin', { method: 'POST', body: admin })),
			signOut,
			erase,
		}),
		[user, failed, lacksSecondFactor, renew, enter, signOut, erase],
	)
	return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>
}

export const useSession = (): Session => {
	const session = useContext(SessionContext)
	if (!session) throw new Error('useSession needs a SessionProvider')
	return session
}
