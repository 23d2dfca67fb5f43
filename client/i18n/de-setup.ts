import setup from './de/setup.json'

export default { setup }
