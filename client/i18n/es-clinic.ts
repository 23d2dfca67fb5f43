import admin from './es/admin.json'
import desk from './es/desk.json'
import doctor from './es/doctor.json'
import history from './es/history.json'
import notices from './es/notices.json'
import patients from './es/patients.json'

export default { admin, desk, doctor, history, notices, patients }
