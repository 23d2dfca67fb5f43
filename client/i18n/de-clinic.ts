import admin from './de/admin.json'
import desk from './de/desk.json'
import doctor from './de/doctor.json'
import history from './de/history.json'
import notices from './de/notices.json'
import patients from './de/patients.json'

export default { admin, desk, doctor, history, notices, patients }
