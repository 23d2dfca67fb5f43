import admin from './ar/admin.json'
import desk from './ar/desk.json'
import doctor from './ar/doctor.json'
import history from './ar/history.json'
import notices from './ar/notices.json'
import patients from './ar/patients.json'

export default { admin, desk, doctor, history, notices, patients }
