import account from './en/account.json'
import booking from './en/booking.json'
import faces from './en/faces.json'
import journey from './en/journey.json'
import shell from './en/shell.json'
import visits from './en/visits.json'

export default { ...shell, account, booking, faces, journey, visits }
