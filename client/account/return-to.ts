import { useLocation } from 'react-router'
import type { Role } from '../../contract/index.ts'

/** Where each role's work is. */
const homeOf: Record<Role, string> = { patient: '/', doctor: '/day', receptionist: '/desk', admin: '/admin/analytics' }

export type From = { from?: string }

/** Where one came from, to be handed on to the next screen, and where to go once signed in. */
export const useReturnTo = () => {
	const { state } = useLocation()
	const from = (state as From | null)?.from
	const wasSomewhere = from?.startsWith('/') && from !== '/' ? from : undefined
	return { state: (state as From | null) ?? {}, pathFor: (role: Role) => wasSomewhere ?? homeOf[role] }
}
