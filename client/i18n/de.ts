import account from './de/account.json'
import booking from './de/booking.json'
import faces from './de/faces.json'
import journey from './de/journey.json'
import shell from './de/shell.json'
import visits from './de/visits.json'

export default { ...shell, account, booking, faces, journey, visits }
