import admin from './ar/admin.json'
import board from './ar/board.json'
import desk from './ar/desk.json'
import doctor from './ar/doctor.json'
import history from './ar/history.json'
import hours from './ar/hours.json'
import notices from './ar/notices.json'
import patients from './ar/patients.json'

export default { admin, board, desk, doctor, history, hours, notices, patients }
