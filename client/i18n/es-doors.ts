import doors from './es/doors.json'

export default { doors }
