import waiting from './es/waiting.json'

export default { waiting }
