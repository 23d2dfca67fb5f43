import account from './es/account.json'
import booking from './es/booking.json'
import faces from './es/faces.json'
import journey from './es/journey.json'
import shell from './es/shell.json'
import visits from './es/visits.json'

export default { ...shell, account, booking, faces, journey, visits }
