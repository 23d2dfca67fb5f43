import { Button, type ButtonProps } from '@mantine/core'
import { IconCalendarPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { download } from '../api/http.ts'
import { ErrorMessage } from '../shell/messages.tsx'
import { saveFile } from '../shell/save-file.ts'

export const AddToCalendar = ({ appointmentId, ...button }: { appointmentId: string } & ButtonProps) => {
	const { t } = useTranslation()
	const [progress, setProgress] = useState<{ state: 'idle' | 'loading' } | { state: 'failed'; error: unknown }>({ state: 'idle' })

	const fetchFile = async () => {
		setProgress({ state: 'loading' })
		try {
			saveFile(await download(`/appointments/${encodeURIComponent(appointmentId)}/calendar.ics`), 'appointment.ics')
			setProgress({ state: 'idle' })
		} catch (error) {
			setProgress({ state: 'failed', error })
		}
	}

	return (
		<>
			<Button
				variant="default"
				size="md"
				leftSection={<IconCalendarPlus size={18} aria-hidden />}
				{...button}
				loading={progress.state === 'loading'}
				onClick={() => void fetchFile()}
			>
				{t('booking.addToCalendar')}
			</Button>
			{progress.state === 'failed' && <ErrorMessage error={progress.error} />}
		</>
	)
}
