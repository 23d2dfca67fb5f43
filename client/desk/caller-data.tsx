import { ActionIcon, Button, Group, Text } from '@mantine/core'
import { IconDownload, IconTrash } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { createPortal } from 'react-dom'
import { useTranslation } from 'react-i18next'
import type { Patient, PersonalData } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { useSession } from '../api/session.tsx'
import { Dialog } from '../shell/dialog.tsx'
import { ErrorMessage, useErrorText } from '../shell/messages.tsx'
import { savePersonalData } from '../shell/save-personal-data.ts'
import type { Status } from './use-desk.ts'

type Props = {
	patient: Patient
	say: (text: string, kind: Status['kind']) => void
	/** The patient is no longer known. */
	onErased: () => void
}

type QuestionProps = Pick<Props, 'patient' | 'onErased'> & { onClose: () => void }

/** Says what erasing means: there is no way back. */
const EraseQuestion = ({ patient, onErased, onClose }: QuestionProps) => {
	const { t } = useTranslation()
	const queries = useQueryClient()
	const erase = useMutation({
		mutationFn: () => request(`/patients/${patient.id}`, { method: 'DELETE' }),
		onSuccess: () => {
			void queries.invalidateQueries({ queryKey: ['patients'] })
			onErased()
		},
	})
	return (
		<Dialog title={t('desk.data.question', { name: patient.fullName })} busy={erase.isPending} onClose={onClose}>
			<Text>{t('desk.data.consequences')}</Text>
			{erase.isError && <ErrorMessage error={erase.error} />}
			<Group grow preventGrowOverflow={false} gap="sm">
				<Button variant="default" size="md" disabled={erase.isPending} onClick={onClose}>
					{t('desk.data.keep')}
				</Button>
				<Button color="red.8" size="md" loading={erase.isPending} onClick={() => erase.mutate()} data-testid="desk-erase-confirm">
					{t('desk.data.confirm')}
				</Button>
			</Group>
		</Dialog>
	)
}

/** What a patient on the telephone may ask for: all that is kept about them, and to be forgotten. A patient with an account does it there, or an admin does. */
export const CallerData = ({ patient, say, onErased }: Props) => {
	const { t } = useTranslation()
	const { user } = useSession()
	const errorText = useErrorText()
	const [asking, setAsking] = useState(false)
	const { fullName: name } = patient
	const save = useMutation({
		mutationFn: () => request<PersonalData>(`/patients/${patient.id}/export`),
		onSuccess: personal => {
			savePersonalData(personal, `patient-${patient.id}`)
			say(t('desk.data.downloaded', { name }), 'done')
		},
		onError: error => say(errorText(error), 'problem'),
	})
	if (patient.userId !== undefined && user?.role !== 'admin') return null
	const icon = { size: 'sm', variant: 'subtle', c: 'var(--mantine-color-text)' } as const
	const [toSave, toErase] = [t('desk.data.download', { name }), t('desk.data.erase', { name })]
	return (
		<>
			<ActionIcon {...icon} aria-label={toSave} title={toSave} loading={save.isPending} onClick={() => save.mutate()}>
				<IconDownload size={16} aria-hidden />
			</ActionIcon>
			<ActionIcon {...icon} aria-label={toErase} title={toErase} onClick={() => setAsking(true)}>
				<IconTrash size={16} aria-hidden />
			</ActionIcon>
			{/* Outside the desk, whose keys are not for it. */}
			{asking && createPortal(<EraseQuestion patient={patient} onErased={onErased} onClose={() => setAsking(false)} />, document.body)}
		</>
	)
}
