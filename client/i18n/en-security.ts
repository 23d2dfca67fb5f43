import security from './en/security.json'

export default { security }
