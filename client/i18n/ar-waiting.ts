import waiting from './ar/waiting.json'

export default { waiting }
