import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Failure } from './in-use.tsx'

type ConfirmProps = {
	opened: boolean
	title: string
	text: string
	action: string
	doing: { isPending: boolean; error: unknown }
	onConfirm: () => void
	onClose: () => void
	/** What it would change. */
	children?: ReactNode
}

/** Asks once more before something that takes away rights, or times that can be booked. */
export const Confirm = ({ opened, title, text, action, doing, onConfirm, onClose, children }: ConfirmProps) => {
	const { t } = useTranslation()
	return (
		<Modal opened={opened} onClose={onClose} closeButtonProps={{ 'aria-label': t('app.close') }} title={title}>
			<Stack>
				<Text>{text}</Text>
				{children}
				{doing.error !== null && <Failure error={doing.error} />}
				<Group justify="flex-end">
					<Button variant="default" onClick={onClose}>
						{t('app.cancel')}
					</Button>
					<Button color="red" loading={doing.isPending} onClick={onConfirm}>
						{action}
					</Button>
				</Group>
			</Stack>
		</Modal>
	)
}
