import doors from './ar/doors.json'

export default { doors }
