import setup from './en/setup.json'

export default { setup }
