import { Navigate } from 'react-router'
import { useSetup } from '../admin/settings/queries.ts'
import { Loading } from '../shell/messages.tsx'

/** Where an admin's work is: setting the clinic up until it has its first visit, then its figures. */
const AdminHome = () => {
	const setup = useSetup()
	if (setup.isPending) return <Loading />
	const isRunning = setup.data === undefined || setup.data.steps.some(({ id, done }) => id === 'booking' && done)
	return <Navigate to={isRunning ? '/admin/analytics' : '/admin/setup'} replace />
}

export default AdminHome
