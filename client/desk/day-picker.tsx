import { ActionIcon, Button, Group, Popover, useDirection } from '@mantine/core'
import { DatePicker, DatesProvider } from '@mantine/dates'
import 'dayjs/locale/ar-ly'
import 'dayjs/locale/de'
import 'dayjs/locale/es'
import { IconCalendar, IconChevronLeft, IconChevronRight } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { addDays, useFormat } from '../i18n/format.ts'

export const DayPicker = ({ date, today, onChange }: { date: string; today: string; onChange: (date: string) => void }) => {
	const { t, i18n } = useTranslation()
	const { dir } = useDirection()
	const { dateLong } = useFormat()
	const [opened, setOpened] = useState(false)
	const [Back, Forth] = dir === 'rtl' ? [IconChevronRight, IconChevronLeft] : [IconChevronLeft, IconChevronRight]
	return (
		<Group gap={4} role="group" aria-label={t('desk.day.label')}>
			<ActionIcon
				variant="default"
				size="input-sm"
				aria-label={t('desk.day.previous')}
				aria-keyshortcuts="PageUp"
				onClick={() => onChange(addDays(date, -1))}
			>
				<Back size={18} aria-hidden />
			</ActionIcon>
			<DatesProvider
				settings={{
					locale: i18n.language === 'ar' ? 'ar-ly' : i18n.language,
					firstDayOfWeek: i18n.language === 'ar' ? 6 : 1,
					weekendDays: [],
				}}
			>
				<Popover opened={opened} onChange={setOpened} position="bottom-start" trapFocus returnFocus withRoles={false}>
					<Popover.Target>
						<Button
							variant="default"
							fw={400}
							miw={200}
							justify="flex-start"
							leftSection={<IconCalendar size={18} aria-hidden />}
							onClick={() => setOpened(!opened)}
							aria-label={t('desk.day.choose', { date: dateLong(date) })}
							aria-haspopup="dialog"
							aria-expanded={opened}
							data-testid="desk-date"
						>
							{dateLong(date)}
						</Button>
					</Popover.Target>
					<Popover.Dropdown role="dialog" aria-label={t('desk.day.choose', { date: dateLong(date) })}>
						<DatePicker
							value={date}
							defaultDate={date}
							onChange={value => {
								setOpened(false)
								if (value) onChange(value)
							}}
							hideOutsideDates
							highlightToday
							ariaLabels={{
								previousMonth: t('desk.day.previousMonth'),
								nextMonth: t('desk.day.nextMonth'),
								previousYear: t('desk.day.previousYear'),
								nextYear: t('desk.day.nextYear'),
								previousDecade: t('desk.day.previousYears'),
								nextDecade: t('desk.day.nextYears'),
								monthLevelControl: t('desk.day.chooseMonth'),
								yearLevelControl: t('desk.day.chooseYear'),
							}}
						/>
					</Popover.Dropdown>
				</Popover>
			</DatesProvider>
			<ActionIcon
				variant="default"
				size="input-sm"
				aria-label={t('desk.day.next')}
				aria-keyshortcuts="PageDown"
				onClick={() => onChange(addDays(date, 1))}
			>
				<Forth size={18} aria-hidden />
			</ActionIcon>
			<Button variant="default" px="sm" disabled={date === today} onClick={() => onChange(today)}>
				{t('desk.day.today')}
			</Button>
		</Group>
	)
}
