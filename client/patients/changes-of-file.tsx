import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { PatientCard, PatientChange } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { useFormat } from '../i18n/format.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './patients.module.css'

/** Who last changed the file and when; and what else was changed, once it is asked for. */
export const ChangesOfFile = ({ card: { id: patientId, lastChange } }: { card: PatientCard }) => {
	const { t } = useTranslation()
	const format = useFormat()
	const id = useId()
	const [open, setOpen] = useState(false)
	if (!lastChange) return <Text size="sm">{t('patients.card.never')}</Text>
	const time = format.dayAndTime(lastChange.at)
	return (
		<div>
			<Text size="sm" data-testid="patient-changed">
				{lastChange.by ? t('patients.card.changedBy', { time, name: lastChange.by.name }) : t('patients.card.changed', { time })}
			</Text>
			<Button size="compact-sm" variant="default" aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
				{t('patients.card.changes')}
			</Button>
			<div id={id}>{open && <Changes patientId={patientId} />}</div>
		</div>
	)
}

const Changes = ({ patientId }: { patientId: string }) => {
	const changes = useQuery({
		queryKey: ['patient-changes', patientId],
		queryFn: ({ signal }) => request<{ items: PatientChange[] }>(`/patients/${patientId}/changes`, { signal }),
		staleTime: 0,
	})
	if (changes.error) return <ErrorMessage error={changes.error} onRetry={() => void changes.refetch()} />
	return (
		<ul className={classes.visits}>
			{changes.data?.items.map((change, index) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: the past does not change its order
				<Change key={index} change={change} />
			))}
		</ul>
	)
}

const Change = ({ change: { at, by, field, from, to } }: { change: PatientChange }) => {
	const { t } = useTranslation()
	const format = useFormat()
	const said = (value: unknown) => {
		if (typeof value === 'boolean') return t(value ? 'patients.card.yes' : 'patients.card.no')
		return (Array.isArray(value) ? value.join(', ') : String(value ?? '')) || t('patients.card.empty')
	}
	return (
		<li>
			<span>
				<strong>{t(`patients.field.${field}`)}</strong> {t('patients.card.fromTo', { from: said(from), to: said(to) })}
			</span>
			<span>
				{format.dayAndTime(at)}
				{by && `, ${by.name}`}
			</span>
		</li>
	)
}
