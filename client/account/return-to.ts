import { useLocation } from 'react-router'
import type { Role } from '../../contract/index.ts'

/** Where each role's work is. */
const homeOf: Record<Role, string> = { patient: '/', doctor: '/day', receptionist: '/desk', admin: '/admin' }

export type From = { from?: string }

/** The screen that a visitor came from: the next screen gets it, and it is where to go after signing in. */
export const useReturnTo = () => {
	const { state } = useLocation()
	const from = (state as From | null)?.from
	const wasSomewhere = from?.startsWith('/') && from !== '/' ? from : undefined
	return { state: (state as From | null) ?? {}, pathFor: (role: Role) => wasSomewhere ?? homeOf[role] }
}
