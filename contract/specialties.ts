import { type Language, languages } from './notifications.ts'

/** A field of medicine: its code of the NUCC provider taxonomy, its names, and the everyday words by which patients look for it. */
export type Specialty = { code: string; names: Record<Language, string>; words: readonly string[] }

/** The specialty that a text names, in any language, or by its code; undefined for a clinic's own words. */
export function specialtyOf(text: string): Specialty | undefined {
	const wanted = fold(text)
	return folded.find(({ specialty, terms }) => specialty.code === text.trim() || terms.slice(0, languages.length).includes(wanted))
		?.specialty
}

/** The specialties that a person may mean who types this: the beginning of a word in any language, or a word for one among others. */
export function specialtiesMeant(text: string): readonly Specialty[] {
	const typed = fold(text)
	if (typed.length < shortest) return []
	return folded
		.filter(({ terms }) => terms.some(term => ` ${term}`.includes(` ${typed}`) || ` ${typed} `.includes(` ${term} `)))
		.map(({ specialty }) => specialty)
}

/** Fewer letters begin too many words. */
const shortest = 2

/** Every spelling under which a doctor of these specialties may be entered, in lower case. */
export const spellingsOf = (meant: readonly Specialty[]): string[] =>
	meant.flatMap(({ names }) => Object.values(names).map(name => name.toLowerCase()))

/** As people type: without accents, capitals, hyphens, and the article that Arabic writes in one with its noun. */
const fold = (text: string): string =>
	withoutAccents(text)
		.replace(/ß/g, 'ss')
		.replace(/[أإآٱ]/g, 'ا')
		.replace(/ى/g, 'ي')
		.replace(/ة/g, 'ه')
		.replace(/[^\p{L}\p{N}]+/gu, ' ')
		.replace(/(^| )ال(?=\p{L}{2})/gu, '$1')
		.trim()

/** In lower case, with letters alone where they carry accents. */
export const withoutAccents = (text: string): string =>
	text
		.normalize('NFKD')
		.replace(/\p{M}|ـ/gu, '')
		.toLowerCase()

/** A name in each language, and after the colon the everyday words. */
const specialty = (code: string, texts: Record<Language, string>): Specialty => {
	const parts = Object.entries(texts).map(([language, text]) => {
		const [name = '', words = ''] = text.split(': ')
		return { language, name, words: words.split(', ').filter(Boolean) }
	})
	return {
		code,
		names: Object.fromEntries(parts.map(({ language, name }) => [language, name])) as Record<Language, string>,
		words: parts.flatMap(({ words }) => words),
	}
}

/** In the order of their English names. */
export const specialties: readonly Specialty[] = [
	specialty('207K00000X', {
		en: 'Allergy and immunology: allergy, hay fever, asthma, immune system',
		de: 'Allergologie: Allergie, Heuschnupfen, Asthma, Immunologie, Allergologe',
		es: 'Alergología: alergia, asma, inmunología, alergólogo',
		ar: 'الحساسية والمناعة: حساسية, ربو, مناعة',
	}),
	specialty('207RC0000X', {
		en: 'Cardiology: heart, cardiologist, blood pressure, palpitations, chest pain',
		de: 'Kardiologie: Herz, Kardiologe, Kardiologin, Blutdruck, Herzarzt, Herzrasen',
		es: 'Cardiología: corazón, cardiólogo, cardióloga, tensión, presión arterial',
		ar: 'أمراض القلب: قلب, ضغط الدم, طبيب قلب, القلب والأوعية',
	}),
	specialty('122300000X', {
		en: 'Dentistry: dentist, tooth, teeth, toothache, gums',
		de: 'Zahnmedizin: Zahn, Zähne, Zahnarzt, Zahnärztin, Zahnschmerzen, Zahnfleisch',
		es: 'Odontología: dentista, diente, muela, encías, odontólogo',
		ar: 'طب الأسنان: أسنان, سن, ضرس, لثة, طبيب أسنان',
	}),
	specialty('207N00000X', {
		en: 'Dermatology: skin, hair, nails, mole, rash, eczema, acne, dermatologist',
		de: 'Dermatologie: Haut, Hautarzt, Hautärztin, Haare, Nägel, Muttermal, Ausschlag, Ekzem, Akne',
		es: 'Dermatología: piel, pelo, uñas, lunar, sarpullido, eczema, acné, dermatólogo, dermatóloga',
		ar: 'الأمراض الجلدية: جلد, جلدية, بشرة, شعر, أظافر, شامة, طفح, أكزيما, حب الشباب',
	}),
	specialty('207Y00000X', {
		en: 'Ear, nose and throat: ENT, ear, nose, throat, hearing, sinus, tonsils, otolaryngology',
		de: 'Hals-Nasen-Ohren-Heilkunde: HNO, Hals, Nase, Ohr, Ohren, Gehör, Mandeln, Ohrenarzt',
		es: 'Otorrinolaringología: oído, nariz, garganta, otorrino, audición, amígdalas',
		ar: 'الأنف والأذن والحنجرة: أنف, أذن, حنجرة, حلق, سمع, لوز',
	}),
	specialty('207P00000X', {
		en: 'Emergency medicine: emergency, urgent, accident',
		de: 'Notfallmedizin: Notfall, Notarzt, Unfall',
		es: 'Medicina de urgencias: urgencias, emergencia, accidente',
		ar: 'طب الطوارئ: طوارئ, حالة طارئة, حادث',
	}),
	specialty('207RE0101X', {
		en: 'Endocrinology: diabetes, thyroid, hormones, sugar',
		de: 'Endokrinologie: Diabetes, Zucker, Schilddrüse, Hormone, Diabetologe',
		es: 'Endocrinología: diabetes, tiroides, hormonas, azúcar, endocrino',
		ar: 'الغدد الصماء: سكري, سكر, غدة درقية, هرمونات',
	}),
	specialty('207Q00000X', {
		en: 'Family medicine: family doctor, primary care',
		de: 'Familienmedizin: Familienarzt, Familienärztin',
		es: 'Medicina familiar: médico de familia, médica de familia, médico de cabecera',
		ar: 'طب الأسرة: طبيب الأسرة, طبيب العائلة, عائلة',
	}),
	specialty('207RG0100X', {
		en: 'Gastroenterology: stomach, bowel, gut, liver, digestion, colonoscopy, endoscopy',
		de: 'Gastroenterologie: Magen, Darm, Leber, Verdauung, Darmspiegelung, Magenspiegelung, Bauch',
		es: 'Gastroenterología: estómago, intestino, hígado, digestión, colonoscopia, digestivo',
		ar: 'أمراض الجهاز الهضمي: معدة, أمعاء, كبد, هضم, قولون, منظار',
	}),
	specialty('208D00000X', {
		en: 'General practice: GP, general practitioner, family doctor, cold, flu, check-up',
		de: 'Allgemeinmedizin: Hausarzt, Hausärztin, Allgemeinarzt, Erkältung, Grippe, Vorsorge',
		es: 'Medicina general: médico de cabecera, médico general, resfriado, gripe, revisión',
		ar: 'الطب العام: طبيب عام, ممارس عام, زكام, برد, فحص عام',
	}),
	specialty('208600000X', {
		en: 'General surgery: surgeon, surgery, operation, hernia',
		de: 'Chirurgie: Chirurg, Chirurgin, Operation, Leistenbruch',
		es: 'Cirugía general: cirujano, cirujana, cirugía, operación, hernia',
		ar: 'الجراحة العامة: جراحة, جراح, عملية, فتق',
	}),
	specialty('207VG0400X', {
		en: 'Gynaecology: gynecology, women, pregnancy, period, contraception, smear, gynaecologist',
		de: 'Gynäkologie: Frauenarzt, Frauenärztin, Frauenheilkunde, Frauen, Schwangerschaft, Verhütung, Periode',
		es: 'Ginecología: mujer, mujeres, embarazo, anticoncepción, regla, ginecólogo, ginecóloga',
		ar: 'أمراض النساء: نساء, نسائية, حمل, دورة شهرية, منع الحمل, طبيبة نساء',
	}),
	specialty('207RH0003X', {
		en: 'Haematology and oncology: hematology, blood, cancer, tumour, chemotherapy',
		de: 'Hämatologie und Onkologie: Blut, Krebs, Tumor, Chemotherapie, Onkologe',
		es: 'Hematología y oncología: sangre, cáncer, tumor, quimioterapia, oncólogo',
		ar: 'أمراض الدم والأورام: دم, سرطان, ورم, علاج كيميائي',
	}),
	specialty('207R00000X', {
		en: 'Internal medicine: internist, internal, adult medicine',
		de: 'Innere Medizin: Internist, Internistin, innere',
		es: 'Medicina interna: internista, interna',
		ar: 'الطب الباطني: باطنية, باطني, طبيب باطني',
	}),
	specialty('176B00000X', {
		en: 'Midwifery: midwife, birth, pregnancy, postnatal',
		de: 'Hebammenhilfe: Hebamme, Geburt, Schwangerschaft, Wochenbett',
		es: 'Matronería: matrona, comadrona, parto, embarazo, posparto',
		ar: 'القبالة: قابلة, ولادة, حمل, توليد',
	}),
	specialty('207RN0300X', {
		en: 'Nephrology: kidney, kidneys, dialysis',
		de: 'Nephrologie: Niere, Nieren, Dialyse',
		es: 'Nefrología: riñón, riñones, diálisis',
		ar: 'أمراض الكلى: كلى, كلية, غسيل الكلى',
	}),
	specialty('2084N0400X', {
		en: 'Neurology: nerves, brain, headache, migraine, epilepsy, stroke, dizziness',
		de: 'Neurologie: Nerven, Gehirn, Kopfschmerzen, Migräne, Epilepsie, Schlaganfall, Schwindel, Nervenarzt',
		es: 'Neurología: nervios, cerebro, dolor de cabeza, migraña, epilepsia, ictus, mareo',
		ar: 'طب الأعصاب: أعصاب, دماغ, صداع, شقيقة, صرع, جلطة, دوار',
	}),
	specialty('133V00000X', {
		en: 'Nutrition: diet, dietitian, weight, food',
		de: 'Ernährungsberatung: Ernährung, Diät, Gewicht, Abnehmen, Essen',
		es: 'Nutrición: dieta, dietista, nutricionista, peso, alimentación',
		ar: 'التغذية: غذاء, حمية, وزن, أخصائي تغذية',
	}),
	specialty('207W00000X', {
		en: 'Ophthalmology: eye, eyes, glasses, cataract, glaucoma, vision, eye doctor',
		de: 'Augenheilkunde: Auge, Augen, Augenarzt, Augenärztin, Brille, grauer Star, Glaukom, Sehen',
		es: 'Oftalmología: ojo, ojos, gafas, cataratas, glaucoma, vista, oculista',
		ar: 'طب العيون: عين, عيون, نظارة, نظر, مياه بيضاء, طبيب عيون',
	}),
	specialty('207X00000X', {
		en: 'Orthopaedics: orthopedics, bone, bones, joint, knee, back, shoulder, hip, fracture',
		de: 'Orthopädie: Knochen, Gelenk, Knie, Rücken, Schulter, Hüfte, Bruch, Orthopäde',
		es: 'Traumatología y ortopedia: traumatólogo, traumatología, hueso, huesos, articulación, rodilla, espalda, hombro, cadera, fractura, ortopedia',
		ar: 'جراحة العظام: عظام, عظم, مفصل, ركبة, ظهر, كتف, ورك, كسر',
	}),
	specialty('208000000X', {
		en: 'Paediatrics: pediatrics, child, children, baby, kids, paediatrician, pediatrician',
		de: 'Kinderheilkunde: Kind, Kinder, Kinderarzt, Kinderärztin, Baby, Säugling, Pädiatrie',
		es: 'Pediatría: niño, niña, niños, bebé, pediatra',
		ar: 'طب الأطفال: طفل, أطفال, رضيع, طبيب أطفال',
	}),
	specialty('225100000X', {
		en: 'Physiotherapy: physical therapy, physio, massage, back pain',
		de: 'Physiotherapie: Krankengymnastik, Massage, Rückenschmerzen, Physio',
		es: 'Fisioterapia: fisio, fisioterapeuta, masaje, dolor de espalda, rehabilitación',
		ar: 'العلاج الطبيعي: علاج طبيعي, تدليك, ألم الظهر, تأهيل',
	}),
	specialty('213E00000X', {
		en: 'Podiatry: foot, feet, podiatrist',
		de: 'Podologie: Fuß, Füße, Fußpflege, Podologe',
		es: 'Podología: pie, pies, podólogo',
		ar: 'طب القدم: قدم, أقدام',
	}),
	specialty('2084P0800X', {
		en: 'Psychiatry: psychiatrist, mind, depression, anxiety, mental health, sleep',
		de: 'Psychiatrie: Psychiater, Psychiaterin, Seele, Depression, Angst, psychisch, Schlaf',
		es: 'Psiquiatría: psiquiatra, depresión, ansiedad, salud mental, sueño',
		ar: 'الطب النفسي: نفسي, نفسية, اكتئاب, قلق, طبيب نفسي, نوم',
	}),
	specialty('103T00000X', {
		en: 'Psychology: psychologist, psychotherapy, therapist, counselling',
		de: 'Psychologie: Psychologe, Psychologin, Psychotherapie, Therapeut, Beratung',
		es: 'Psicología: psicólogo, psicóloga, psicoterapia, terapeuta, terapia',
		ar: 'علم النفس: أخصائي نفسي, علاج نفسي, معالج, استشارة نفسية',
	}),
	specialty('207RP1001X', {
		en: 'Pulmonology: lung, lungs, breathing, cough, asthma, pulmonary',
		de: 'Pneumologie: Lunge, Lungenarzt, Atem, Atmung, Husten, Asthma',
		es: 'Neumología: pulmón, pulmones, respiración, tos, asma',
		ar: 'أمراض الرئة: رئة, صدرية, تنفس, سعال, ربو',
	}),
	specialty('2085R0202X', {
		en: 'Radiology: x-ray, scan, ultrasound, MRI, CT',
		de: 'Radiologie: Röntgen, Ultraschall, MRT, CT',
		es: 'Radiología: radiografía, rayos, ecografía, resonancia, TAC',
		ar: 'الأشعة: أشعة, تصوير, سونار, رنين مغناطيسي',
	}),
	specialty('207RR0500X', {
		en: 'Rheumatology: rheumatism, arthritis, joints, gout',
		de: 'Rheumatologie: Rheuma, Arthritis, Gelenke, Gicht',
		es: 'Reumatología: reuma, artritis, articulaciones, gota',
		ar: 'أمراض الروماتيزم: روماتيزم, التهاب المفاصل, مفاصل, نقرس',
	}),
	specialty('235Z00000X', {
		en: 'Speech therapy: speech, voice, stammer, swallowing',
		de: 'Logopädie: Sprache, Stimme, Stottern, Schlucken, Sprachtherapie',
		es: 'Logopedia: habla, voz, tartamudez, deglución, logopeda',
		ar: 'علاج النطق: نطق, كلام, صوت, تأتأة',
	}),
	specialty('208800000X', {
		en: 'Urology: bladder, prostate, urine, men, urologist',
		de: 'Urologie: Blase, Prostata, Urin, Männer, Urologe',
		es: 'Urología: vejiga, próstata, orina, hombres, urólogo',
		ar: 'المسالك البولية: مثانة, بروستات, بول, مسالك, رجال',
	}),
]

const folded = specialties.map(specialty => ({ specialty, terms: [...Object.values(specialty.names), ...specialty.words].map(fold) }))
