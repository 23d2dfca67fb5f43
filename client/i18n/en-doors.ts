import doors from './en/doors.json'

export default { doors }
