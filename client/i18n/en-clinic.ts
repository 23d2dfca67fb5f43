import admin from './en/admin.json'
import desk from './en/desk.json'
import doctor from './en/doctor.json'
import history from './en/history.json'
import notices from './en/notices.json'
import patients from './en/patients.json'

export default { admin, desk, doctor, history, notices, patients }
