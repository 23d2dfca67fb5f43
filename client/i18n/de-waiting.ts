import waiting from './de/waiting.json'

export default { waiting }
