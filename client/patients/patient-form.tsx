import { Button, Group, Stack, Switch, TagsInput, Textarea, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type PatientCard, PatientInput } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { ErrorMessage } from '../shell/messages.tsx'

type Props = { card: PatientCard; onSaved: (card: PatientCard) => void; onClose: () => void }

/** Corrects a file. Only what was changed is sent, so that two desks do not undo each other's corrections. */
export const PatientForm = ({ card, onSaved, onClose }: Props) => {
	const { t } = useTranslation()
	const queries = useQueryClient()
	const before = fieldsOf(card)
	const [fields, setFields] = useState(before)
	const set = (changes: Partial<Fields>) => setFields({ ...fields, ...changes })
	const save = useMutation({
		mutationFn: () => request<PatientCard>(`/patients/${card.id}`, { method: 'PATCH', body: changesOf(before, fields) }),
		onSuccess: saved => {
			queries.setQueryData(['patient', card.id], saved)
			void queries.invalidateQueries({ queryKey: ['patients'] })
			void queries.invalidateQueries({ queryKey: ['patient-changes', card.id] })
			onSaved(saved)
		},
	})
	const { fullName, phone, email, birthDate } = PatientInput.shape
	const bad = {
		fullName: !fullName.safeParse(fields.fullName).success,
		phone: fields.phone !== '' && !phone.safeParse(fields.phone).success,
		email: fields.email !== '' && !email.safeParse(fields.email).success,
		birthDate: fields.birthDate !== '' && !birthDate.safeParse(fields.birthDate).success,
	}
	const onSubmit = (event: FormEvent) => {
		event.preventDefault()
		if (!save.isPending && !Object.values(bad).includes(true)) save.mutate()
	}
	const text = (name: 'fullName' | 'phone' | 'email' | 'birthDate') => ({
		label: t(`patients.field.${name}`),
		value: fields[name],
		onChange: (event: { currentTarget: { value: string } }) => set({ [name]: event.currentTarget.value }),
		error: fields[name] !== before[name] && bad[name],
		autoComplete: 'off',
	})
	return (
		<form onSubmit={onSubmit} noValidate>
			<Stack gap="xs">
				<TextInput {...text('fullName')} autoFocus required maxLength={120} />
				<Group grow gap="xs" align="flex-start">
					<TextInput {...text('phone')} type="tel" dir="ltr" maxLength={32} />
					<TextInput {...text('birthDate')} type="date" />
				</Group>
				<TextInput {...text('email')} type="email" dir="ltr" maxLength={254} />
				<Textarea
					label={t('patients.field.notes')}
					description={t('patients.card.notesHint')}
					value={fields.notes}
					onChange={event => set({ notes: event.currentTarget.value })}
					maxLength={4000}
					autosize
					minRows={2}
					data-testid="patient-notes"
				/>
				<TagsInput
					label={t('patients.field.tags')}
					description={t('patients.card.tagsHint')}
					value={fields.tags}
					onChange={tags => set({ tags })}
					maxTags={20}
					maxLength={40}
					comboboxProps={{ withinPortal: false }}
				/>
				<Switch
					label={t('patients.card.online')}
					description={t('patients.card.onlineHint')}
					checked={fields.mayBookOnline}
					onChange={event => set({ mayBookOnline: event.currentTarget.checked })}
				/>
				{save.error && <ErrorMessage error={save.error} />}
				<Group gap="xs">
					<Button type="submit" loading={save.isPending} data-testid="patient-save">
						{t('patients.card.save')}
					</Button>
					<Button variant="default" onClick={onClose}>
						{t('app.cancel')}
					</Button>
				</Group>
			</Stack>
		</form>
	)
}

type Fields = ReturnType<typeof fieldsOf>

const fieldsOf = ({ fullName, phone = '', email = '', birthDate = '', notes, tags, mayBookOnline }: PatientCard) => ({
	fullName,
	phone,
	email,
	birthDate,
	notes,
	tags,
	mayBookOnline,
})

function changesOf(before: Fields, after: Fields): Record<string, unknown> {
	const changed = (Object.keys(after) as (keyof Fields)[]).filter(name => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
	return Object.fromEntries(changed.map(name => [name, after[name] === '' && name !== 'notes' ? null : after[name]]))
}
