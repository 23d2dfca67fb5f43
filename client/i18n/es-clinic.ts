import admin from './es/admin.json'
import board from './es/board.json'
import desk from './es/desk.json'
import doctor from './es/doctor.json'
import history from './es/history.json'
import hours from './es/hours.json'
import notices from './es/notices.json'
import patients from './es/patients.json'

export default { admin, board, desk, doctor, history, hours, notices, patients }
