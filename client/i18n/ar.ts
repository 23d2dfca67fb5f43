import account from './ar/account.json'
import booking from './ar/booking.json'
import faces from './ar/faces.json'
import journey from './ar/journey.json'
import shell from './ar/shell.json'
import visits from './ar/visits.json'

export default { ...shell, account, booking, faces, journey, visits }
