import { Alert, Button, Collapse, Group, Stack, Text, Textarea } from '@mantine/core'
import { IconMail } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { DayListItem, ListMessageReach } from '../../contract/index.ts'
import { createAttempts } from '../api/attempt.ts'
import { request } from '../api/http.ts'
import { ErrorMessage } from '../shell/messages.tsx'

const maxLength = 600
const mostVisits = 500

/** Writes to the patients of the visits that are shown: first whom it reaches, then the message. */
export const ListMessage = ({ items }: { items: readonly DayListItem[] }) => {
	const { t } = useTranslation()
	const [open, setOpen] = useState(false)
	const id = useId()
	const appointmentIds = items.slice(0, mostVisits).map(({ appointmentId }) => appointmentId)
	return (
		<>
			<Button
				variant="default"
				style={{ alignSelf: 'flex-start' }}
				leftSection={<IconMail size={18} aria-hidden />}
				aria-expanded={open}
				aria-controls={id}
				onClick={() => setOpen(!open)}
			>
				{t('history.write.open')}
			</Button>
			<Collapse expanded={open} id={id}>
				{/* Another list starts over: what was counted for one must not be sent to another. */}
				{open && <Form key={appointmentIds.join()} appointmentIds={appointmentIds} />}
			</Collapse>
		</>
	)
}

const Form = ({ appointmentIds }: { appointmentIds: readonly string[] }) => {
	const { t } = useTranslation()
	const [text, setText] = useState('')
	const [attempt] = useState(createAttempts)
	const preview = useMutation({
		mutationFn: () => request<ListMessageReach>('/list-messages/preview', { method: 'POST', body: { appointmentIds } }),
	})
	const sending = useMutation({
		mutationFn: () => {
			const payload = { appointmentIds, text: text.trim() }
			return attempt(payload, key => request<ListMessageReach>('/list-messages', { method: 'POST', body: payload, key }))
		},
	})
	const reach = preview.data
	const onSubmit = (event: FormEvent) => {
		event.preventDefault()
		if (!reach) preview.mutate()
		else if (!sending.isPending && text.trim()) sending.mutate()
	}
	if (sending.data) {
		return (
			<Alert color="green" variant="light" role="status">
				<Text c="var(--mantine-color-text)">{t('history.write.sent', { count: sending.data.visits })}</Text>
			</Alert>
		)
	}
	return (
		<form onSubmit={onSubmit}>
			<Stack gap="xs" maw={640} data-testid="list-message">
				<Textarea
					label={t('history.write.text')}
					description={t('history.write.hint')}
					value={text}
					onChange={event => setText(event.currentTarget.value)}
					maxLength={maxLength}
					minRows={3}
					autosize
					required
				/>
				{reach && <Reach reach={reach} />}
				{(preview.error || sending.error) && <ErrorMessage error={preview.error ?? sending.error} />}
				<Group>
					{reach ? (
						<Button type="submit" disabled={reach.visits === 0 || !text.trim()} loading={sending.isPending}>
							{t('history.write.send', { count: reach.visits })}
						</Button>
					) : (
						<Button type="submit" variant="default" loading={preview.isPending}>
							{t('history.write.preview')}
						</Button>
					)}
				</Group>
			</Stack>
		</form>
	)
}

const Reach = ({ reach: { visits, messages, unreachable, leftOut } }: { reach: ListMessageReach }) => {
	const { t } = useTranslation()
	return (
		<div role="status">
			<Text size="sm">{t('history.write.reaches', { visits, ...messages })}</Text>
			{unreachable.length > 0 && (
				<Text size="sm">{t('history.write.unreachable', { names: unreachable.map(({ patientName }) => patientName).join(', ') })}</Text>
			)}
			{leftOut > 0 && <Text size="sm">{t('history.write.leftOut', { count: leftOut })}</Text>}
		</div>
	)
}
