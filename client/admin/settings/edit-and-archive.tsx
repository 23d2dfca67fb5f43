import { Button, Group } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { request } from '../../api/http.ts'
import { Confirm } from '../confirm.tsx'
import { useSaving } from './queries.ts'

type Props = {
	name: string
	archived: boolean
	/** Of the call that changes it. */
	path: string
	/** The queries that the change outdates. */
	outdates: Parameters<typeof useSaving>[1]
	title: string
	text: string
	onEdit: () => void
}

/** The buttons of what is archived rather than removed, and the question before that. */
export const EditAndArchive = ({ name, archived, path, outdates, title, text, onEdit }: Props) => {
	const { t } = useTranslation()
	const [asking, setAsking] = useState(false)
	const archive = useSaving(
		(isArchived: boolean) => request(path, { method: 'PATCH', body: { archived: isArchived } }),
		outdates,
		() => setAsking(false),
	)
	const named = (action: string) => `${action}: ${name}`
	return (
		<>
			<Group gap="xs">
				<Button variant="default" aria-label={named(t('setup.edit'))} onClick={onEdit}>
					{t('setup.edit')}
				</Button>
				{archived ? (
					<Button
						variant="default"
						aria-label={named(t('setup.restore'))}
						loading={archive.isPending}
						onClick={() => archive.mutate(false)}
					>
						{t('setup.restore')}
					</Button>
				) : (
					<Button variant="subtle" aria-label={named(t('setup.archive'))} onClick={() => setAsking(true)}>
						{t('setup.archive')}
					</Button>
				)}
			</Group>
			<Confirm
				opened={asking}
				title={title}
				text={text}
				action={t('setup.archive')}
				doing={archive}
				onConfirm={() => archive.mutate(true)}
				onClose={() => {
					setAsking(false)
					archive.reset()
				}}
			/>
		</>
	)
}
