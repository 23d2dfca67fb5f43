import { Button, Group, Text, Textarea } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Appointment, Doctor } from '../../contract/index.ts'
import { ApiError } from '../api/http.ts'
import { ask } from '../api/socket.ts'
import { patiently } from '../booking/patiently.ts'
import { useFormat, viewerZone } from '../i18n/format.ts'
import { Dialog } from '../shell/dialog.tsx'
import { ErrorMessage } from '../shell/messages.tsx'

type Props = { visit: Appointment; doctor: Doctor | undefined; onClose: () => void }

/** After these, trying again is of no use. */
const final: ReadonlySet<string> = new Set(['too_late', 'wrong_status', 'not_found', 'forbidden'])

/** Cancels, also when the first answer gets lost. @throws ApiError */
const cancelVisit = async (appointmentId: string, reason: string) => {
	let repeated = false
	const onWait = () => {
		repeated = true
	}
	try {
		await patiently(() => ask('appointment:cancel', { appointmentId, ...(reason && { reason }) }), { onWait })
	} catch (error) {
		// A first try whose answer got lost has cancelled it already.
		const isDone = repeated && error instanceof ApiError && error.code === 'wrong_status'
		if (!isDone) throw error
	}
}

export const CancelDialog = ({ visit, doctor, onClose }: Props) => {
	const { t } = useTranslation()
	const queries = useQueryClient()
	const format = useFormat(doctor?.timeZone ?? viewerZone())
	const [reason, setReason] = useState('')
	const [progress, setProgress] = useState<{ state: 'asking' | 'sending' } | { state: 'failed'; error: unknown }>({ state: 'asking' })
	const failed = progress.state === 'failed' ? progress.error : undefined
	const isFinal = failed instanceof ApiError && final.has(failed.code)
	const sending = progress.state === 'sending'

	const cancel = async () => {
		setProgress({ state: 'sending' })
		try {
			await cancelVisit(visit.id, reason.trim())
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
