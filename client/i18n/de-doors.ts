import doors from './de/doors.json'

export default { doors }
