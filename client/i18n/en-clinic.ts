import admin from './en/admin.json'
import board from './en/board.json'
import desk from './en/desk.json'
import doctor from './en/doctor.json'
import history from './en/history.json'
import hours from './en/hours.json'
import notices from './en/notices.json'
import patients from './en/patients.json'

export default { admin, board, desk, doctor, history, hours, notices, patients }
