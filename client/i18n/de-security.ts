import security from './de/security.json'

export default { security }
