import { Button, Group, Text, Textarea } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Appointment, Doctor } from '../../contract/index.ts'
import { errorProperties } from '../api/http.ts'
import { useVisitChanges } from '../booking/use-visit-changes.ts'
import { useFormat, viewerZone } from '../i18n/format.ts'
import { Dialog } from '../shell/dialog.tsx'
import { ErrorMessage } from '../shell/messages.tsx'

type Props = { visit: Appointment; doctor: Doctor | undefined; onClose: () => void }

export const CancelDialog = ({ visit, doctor, onClose }: Props) => {
	const { t } = useTranslation()
	const queries = useQueryClient()
	const changes = useVisitChanges()
	const format = useFormat(doctor?.timeZone ?? viewerZone())
	const [reason, setReason] = useState('')
	const [progress, setProgress] = useState<{ state: 'asking' | 'sending' } | { state: 'failed'; error: unknown }>({ state: 'asking' })
	const failed = progress.state === 'failed' ? progress.error : undefined
	const isFinal = errorProperties(failed).final === true
	const sending = progress.state === 'sending'

	const cancel = async () => {
		setProgress({ state: 'sending' })
		try {
			await changes.cancel(visit.id, reason)
			await queries.invalidateQueries({ queryKey: ['appointments'] })
			onClose()
		} catch (error) {
			setProgress({ state: 'failed', error })
		}
	}
	return (
		<Dialog title={t('visits.cancelTitle')} busy={sending} onClose={onClose}>
			<Text>{[doctor?.fullName ?? visit.doctorName, format.full(visit.startsAt)].filter(Boolean).join(' · ')}</Text>
			{failed !== undefined && <ErrorMessage error={failed} />}
			{!isFinal && (
				<Textarea
					label={`${t('visits.cancelReason')} (${t('account.optional')})`}
					size="md"
					rows={2}
					maxLength={500}
					value={reason}
					readOnly={sending}
					onChange={event => setReason(event.currentTarget.value)}
				/>
			)}
			<Group grow preventGrowOverflow={false} gap="sm">
				<Button variant="default" size="md" disabled={sending} onClick={onClose}>
					{t(isFinal ? 'app.close' : 'visits.keep')}
				</Button>
				{!isFinal && (
					<Button color="red" size="md" loading={sending} onClick={() => void cancel()}>
						{t('visits.cancelConfirm')}
					</Button>
				)}
			</Group>
		</Dialog>
	)
}
