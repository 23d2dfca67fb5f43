import { Button, Group, List, Stack, Text } from '@mantine/core'
import { IconDeviceFloppy } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Failure } from '../in-use.tsx'

export type Change = { label: string; from: string; to: string }

type SaveBarProps = {
	changes: readonly Change[]
	/** Whether there is anything to save. */
	isDirty?: boolean
	/** What the change means for times and visits. */
	note?: string | undefined
	saving: { isPending: boolean; isSuccess: boolean; error: unknown }
	/** Where there is nothing yet that could change. */
	isNew?: boolean
	label?: string
	onCancel?: () => void
}

/** What saving would change, before the button that saves. */
export const SaveBar = ({ changes, isDirty = changes.length > 0, note, saving, isNew = false, label, onCancel }: SaveBarProps) => {
	const { t } = useTranslation()
	return (
		<Stack gap="sm">
			<div aria-live="polite">
				{changes.length > 0 && !isNew && (
					<Stack gap={4} data-testid="changes">
						<Text fw={650}>{t('setup.changes')}</Text>
						<List size="sm">
							{changes.map(({ label, from, to }) => (
								<List.Item key={label} style={{ overflowWrap: 'anywhere' }}>
									{t('setup.change', { label, from: from || '–', to: to || '–' })}
								</List.Item>
							))}
						</List>
						{note && <Text fz="sm">{note}</Text>}
					</Stack>
				)}
			</div>
			{saving.error !== null && <Failure error={saving.error} />}
			<Group>
				<Button
					type="submit"
					size="md"
					leftSection={<IconDeviceFloppy size={18} aria-hidden />}
					loading={saving.isPending}
					disabled={!isNew && !isDirty}
				>
					{label ?? t('app.save')}
				</Button>
				{onCancel && (
					<Button size="md" variant="default" onClick={onCancel}>
						{t('app.cancel')}
					</Button>
				)}
				<Text role="status">{saving.isSuccess && changes.length === 0 ? t('setup.saved') : ''}</Text>
			</Group>
		</Stack>
	)
}

/** Pairs of texts that differ. */
export const differencesOf = (before: Record<string, string>, after: Record<string, string>): Change[] =>
	Object.keys(after)
		.filter(label => before[label] !== after[label])
		.map(label => ({ label, from: before[label] ?? '', to: after[label] ?? '' }))
