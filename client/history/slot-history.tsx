import { Button, Stack } from '@mantine/core'
import { createPortal } from 'react-dom'
import { useTranslation } from 'react-i18next'
import { Dialog } from '../shell/dialog.tsx'
import { History } from './visit-history.tsx'

type Props = { slotId: string; title: string; timeZone: string | undefined; onClose: () => void }

/** Who held ten o'clock? */
export const SlotHistory = ({ slotId, title, timeZone, onClose }: Props) => {
	const { t } = useTranslation()
	// Outside the desk, whose keys would hear Escape first.
	return createPortal(
		<Dialog title={t('history.ofSlot', { time: title })} busy={false} onClose={onClose}>
			<Stack data-testid="slot-history">
				<History path={`/slots/${slotId}/history`} timeZone={timeZone} />
				<Button variant="default" onClick={onClose} autoFocus>
					{t('app.close')}
				</Button>
			</Stack>
		</Dialog>,
		document.body,
	)
}
