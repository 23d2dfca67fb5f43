import { ActionIcon, Button, Fieldset, Group, Stack, Text } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { DurationInput, useDurationText } from './duration-input.tsx'

type Props = { minutes: number[]; error: string | undefined; onChange: (minutes: number[]) => void }

const maxReminders = 10

/** How long before a visit its patient is reminded: several times, or never. */
export const Reminders = ({ minutes, error, onChange }: Props) => {
	const { t } = useTranslation()
	const duration = useDurationText()
	return (
		<Fieldset legend={t('setup.reminders.title')}>
			<Stack gap="sm">
				{minutes.length === 0 && <Text fz="sm">{t('setup.reminders.none')}</Text>}
				{minutes.map((lead, index) => (
					// biome-ignore lint/suspicious/noArrayIndexKey: they have nothing else, and another number of them has other units
					<Group key={`${index} of ${minutes.length}`} gap="xs" align="flex-end" wrap="nowrap" maw={380}>
						<DurationInput
							label={t('setup.reminders.before', { number: index + 1 })}
							minutes={lead}
							error={error}
							onChange={next => onChange(minutes.with(index, next))}
						/>
						<ActionIcon
							variant="subtle"
							size={36}
							aria-label={`${t('setup.reminders.remove')}: ${duration(lead)}`}
							onClick={() => onChange(minutes.toSpliced(index, 1))}
						>
							<IconTrash size={18} aria-hidden />
						</ActionIcon>
					</Group>
				))}
				<Group>
					<Button
						variant="default"
						leftSection={<IconPlus size={18} aria-hidden />}
						disabled={minutes.length >= maxReminders}
						onClick={() => onChange([...minutes, 60])}
					>
						{t('setup.reminders.add')}
					</Button>
				</Group>
			</Stack>
		</Fieldset>
	)
}
