import setup from './ar/setup.json'

export default { setup }
