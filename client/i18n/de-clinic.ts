import admin from './de/admin.json'
import board from './de/board.json'
import desk from './de/desk.json'
import doctor from './de/doctor.json'
import history from './de/history.json'
import hours from './de/hours.json'
import notices from './de/notices.json'
import patients from './de/patients.json'

export default { admin, board, desk, doctor, history, hours, notices, patients }
