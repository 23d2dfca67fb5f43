import { Button, Group, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type KeyboardEvent, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Patient, PatientInput } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { useFormat } from '../i18n/format.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './desk.module.css'
import { Busy } from './panel.tsx'

const isPhone = (text: string) => /^[+0-9 ()./-]+$/.test(text)

/** Takes a caller who is not on file, in place of the search box: what was typed there is kept. */
export const NewCaller = ({ typed, onDone, onBack }: { typed: string; onDone: (patient: Patient) => void; onBack: () => void }) => {
	const { t } = useTranslation()
	const format = useFormat()
	const id = useId()
	const phoneTyped = isPhone(typed)
	const [fullName, setFullName] = useState(phoneTyped ? '' : typed)
	const [phone, setPhone] = useState(phoneTyped ? typed : '')
	const [tried, setTried] = useState(false)
	/** Files that may be this caller's; undefined until the desk looked. */
	const [known, setKnown] = useState<Patient[]>()
	const create = useMutation({
		mutationFn: () => request<Patient>('/patients', { method: 'POST', body: { fullName: fullName.trim(), phone: phone.trim() } }),
		onSuccess: onDone,
	})
	const look = useMutation({
		mutationFn: () =>
			request<{ items: Patient[] }>('/patients/duplicates', { method: 'POST', body: { fullName: fullName.trim(), phone: phone.trim() } }),
		onSuccess: ({ items }) => {
			setKnown(items)
			if (items.length === 0) create.mutate()
		},
	})
	const describe = ({ fullName: name, birthDate, phone: number }: Patient) =>
		[name, birthDate && format.dateNumeric(birthDate), number].filter(Boolean).join(' · ')
	const nameBad = !PatientInput.shape.fullName.safeParse(fullName).success
	const phoneBad = !PatientInput.shape.phone.safeParse(phone).success

	const field = (name: 'name' | 'phone') => document.getElementById(`${id}-${name}`)
	const onSubmit = (event: FormEvent) => {
		event.preventDefault()
		if (create.isPending || look.isPending) return
		// Enter goes on to what is missing, and sends when nothing is.
		if (nameBad || phoneBad) {
			const missing = field(nameBad ? 'name' : 'phone')
			if (missing === document.activeElement || (nameBad ? fullName : phone) !== '') setTried(true)
			missing?.focus()
		} else if (known?.length) create.mutate()
		else look.mutate()
	}
	const onKeyDown = (event: KeyboardEvent) => {
		if (event.key !== 'Escape') return
		event.preventDefault()
		onBack()
	}
	return (
		<form onSubmit={onSubmit} onKeyDown={onKeyDown} aria-label={t('desk.newCaller.title')} noValidate>
			<Group gap="xs" align="flex-start">
				<TextInput
					id={`${id}-name`}
					className={classes.callerField}
					value={fullName}
					onChange={event => {
						setFullName(event.currentTarget.value)
						setKnown(undefined)
					}}
					placeholder={t('desk.newCaller.name')}
					aria-label={t('desk.newCaller.name')}
					error={tried && nameBad && t('desk.newCaller.nameBad')}
					autoFocus={fullName === ''}
					autoComplete="off"
					maxLength={120}
					required
					data-testid="desk-caller-name"
				/>
				<TextInput
					id={`${id}-phone`}
					className={classes.callerField}
					type="tel"
					dir="ltr"
					value={phone}
					onChange={event => {
						setPhone(event.currentTarget.value)
						setKnown(undefined)
					}}
					placeholder={t('desk.newCaller.phone')}
					aria-label={t('desk.newCaller.phone')}
					error={tried && phoneBad && t('desk.newCaller.phoneBad')}
					autoFocus={fullName !== ''}
					autoComplete="off"
					maxLength={32}
					required
					data-testid="desk-caller-phone"
				/>
				<Button type="submit" leftSection={(create.isPending || look.isPending) && <Busy />}>
					{t(known?.length ? 'patients.duplicate.anyway' : 'desk.newCaller.add')}
				</Button>
				<Button variant="default" onClick={onBack}>
					{t('app.cancel')}
				</Button>
			</Group>
			{known !== undefined && known.length > 0 && (
				<Group gap="xs" mt={6} role="alert" data-testid="desk-duplicates">
					<Text size="sm" fw={650}>
						{t('patients.duplicate.title')}
					</Text>
					{known.map((patient, index) => (
						<Button key={patient.id} autoFocus={index === 0} variant="default" size="compact-md" onClick={() => onDone(patient)}>
							{t('patients.duplicate.take', { name: describe(patient) })}
						</Button>
					))}
				</Group>
			)}
			{(create.isError || look.isError) && <ErrorMessage error={create.error ?? look.error} />}
		</form>
	)
}
