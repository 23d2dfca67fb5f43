import { useSession } from '../api/session.tsx'
import { MovingNotice } from './moving-notice.tsx'
import { useAppointment } from './queries.ts'

/** Among all doctors: which visit is being moved, for the patient whose it is. */
const MovingOnTheWay = ({ appointmentId }: { appointmentId: string }) => {
	const { user } = useSession()
	const { data } = useAppointment(user ? appointmentId : undefined)
	return data ? <MovingNotice moving={data} /> : null
}

export default MovingOnTheWay
