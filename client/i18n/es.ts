import account from './es/account.json'
import booking from './es/booking.json'
import shell from './es/shell.json'
import visits from './es/visits.json'

export default { ...shell, account, booking, visits }
