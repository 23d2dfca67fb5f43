import admin from './de/admin.json'
import desk from './de/desk.json'
import doctor from './de/doctor.json'
import notices from './de/notices.json'

export default { admin, desk, doctor, notices }
