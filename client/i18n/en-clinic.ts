import admin from './en/admin.json'
import desk from './en/desk.json'
import doctor from './en/doctor.json'
import notices from './en/notices.json'

export default { admin, desk, doctor, notices }
