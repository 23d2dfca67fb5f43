import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Page, Patient, PatientCard } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { useFormat } from '../i18n/format.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import classes from './patients.module.css'

type Props = { card: PatientCard; onDone: (text: string, card: PatientCard) => void }

/** Makes another file part of this one, after a question; and two of them again. */
export const Merge = ({ card, onDone }: Props) => {
	const { t } = useTranslation()
	const [open, setOpen] = useState(false)
	return (
		<Stack gap="xs">
			{card.lastMerge && <UndoMerge card={card} lastMerge={card.lastMerge} onDone={onDone} />}
			<Button
				size="compact-sm"
				variant="default"
				style={{ alignSelf: 'flex-start' }}
				aria-expanded={open}
				onClick={() => setOpen(!open)}
				data-testid="patient-merge"
			>
				{t('patients.merge.open')}
			</Button>
			{open && <MergeForm card={card} onDone={onDone} />}
		</Stack>
	)
}

/** After a merge another file may be the one that stays: that of the account. */
const useFiles = () => {
	const queries = useQueryClient()
	return (card: PatientCard) => {
		queries.setQueryData(['patient', card.id], card)
		for (const key of ['patients', 'patient-visits', 'patient-changes']) void queries.invalidateQueries({ queryKey: [key] })
	}
}

const MergeForm = ({ card, onDone }: Props) => {
	const { t } = useTranslation()
	const format = useFormat()
	const learn = useFiles()
	const [typed, setTyped] = useState(card.fullName)
	const [other, setOther] = useState<Patient>()
	const [q] = useDebouncedValue(typed.trim(), 150)
	const found = useQuery({
		queryKey: ['patients', q, 'merge'],
		queryFn: ({ signal }) => request<Page<Patient>>(`/patients${query({ q, limit: 8 })}`, { signal }),
		enabled: q !== '',
	})
	const merge = useMutation({
		mutationFn: (otherId: string) => request<PatientCard>(`/patients/${card.id}/merge`, { method: 'POST', body: { otherId } }),
		onSuccess: kept => {
			learn(kept)
			onDone(t('patients.merge.done', { other: other?.fullName ?? '', name: kept.fullName }), kept)
		},
	})
	const others = (found.data?.items ?? []).filter(({ id }) => id !== card.id)
	const describe = ({ fullName, phone, birthDate }: Patient) =>
		[fullName, birthDate && format.dateNumeric(birthDate), phone].filter(Boolean).join(' · ')
	return (
		<Stack gap="xs">
			<Text size="sm">{t('patients.merge.explain')}</Text>
			{other ? (
				<>
					<Text size="sm" fw={600}>
						{t('patients.merge.question', { other: describe(other), name: card.fullName })}
					</Text>
					{merge.error && <ErrorMessage error={merge.error} />}
					<Group gap="xs">
						<Button loading={merge.isPending} autoFocus onClick={() => merge.mutate(other.id)} data-testid="patient-merge-confirm">
							{t('patients.merge.yes')}
						</Button>
						<Button variant="default" onClick={() => setOther(undefined)}>
							{t('app.cancel')}
						</Button>
					</Group>
				</>
			) : (
				<>
					<TextInput
						label={t('patients.merge.with')}
						value={typed}
						onChange={event => setTyped(event.currentTarget.value)}
						maxLength={100}
						autoComplete="off"
						autoFocus
					/>
					{found.error && <ErrorMessage error={found.error} onRetry={() => void found.refetch()} />}
					{found.data && others.length === 0 && <Text size="sm">{t('patients.merge.none')}</Text>}
					<ul className={classes.visits} aria-label={t('patients.merge.choose')}>
						{others.map(patient => (
							<li key={patient.id}>
								<Button size="compact-sm" variant="default" onClick={() => setOther(patient)} data-testid="patient-merge-other">
									{describe(patient)}
								</Button>
							</li>
						))}
					</ul>
				</>
			)}
		</Stack>
	)
}

const UndoMerge = ({ card, lastMerge, onDone }: Props & { lastMerge: NonNullable<PatientCard['lastMerge']> }) => {
	const { t } = useTranslation()
	const format = useFormat()
	const learn = useFiles()
	const undo = useMutation({
		mutationFn: () => request<PatientCard>(`/patients/${card.id}/merge/undo`, { method: 'POST', body: {} }),
		onSuccess: kept => {
			learn(kept)
			onDone(t('patients.merge.undone'), kept)
		},
	})
	return (
		<div>
			<Text size="sm">{t('patients.merge.last', { name: lastMerge.fullName, time: format.dayAndTime(lastMerge.at) })}</Text>
			{undo.error && <ErrorMessage error={undo.error} />}
			<Button
				size="compact-sm"
				variant="default"
				loading={undo.isPending}
				onClick={() => undo.mutate()}
				title={t('patients.merge.until', { time: format.dayAndTime(lastMerge.undoUntil) })}
				data-testid="patient-merge-undo"
			>
				{t('patients.merge.undo')}
			</Button>
		</div>
	)
}
