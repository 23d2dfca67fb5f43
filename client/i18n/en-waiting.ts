import waiting from './en/waiting.json'

export default { waiting }
