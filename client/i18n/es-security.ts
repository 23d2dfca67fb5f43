import security from './es/security.json'

export default { security }
