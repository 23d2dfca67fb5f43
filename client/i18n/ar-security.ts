import security from './ar/security.json'

export default { security }
