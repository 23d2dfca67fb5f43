import account from './ar/account.json'
import booking from './ar/booking.json'
import shell from './ar/shell.json'
import visits from './ar/visits.json'

export default { ...shell, account, booking, visits }
