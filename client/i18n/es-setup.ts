import setup from './es/setup.json'

export default { setup }
