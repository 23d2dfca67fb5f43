import { Badge, Button, Card, ColorSwatch, Group, Stack, Text, Title } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AppointmentType } from '../../../contract/index.ts'
import { Loaded } from '../../shell/loaded.tsx'
import { useDurationText } from './duration-input.tsx'
import { EditAndArchive } from './edit-and-archive.tsx'
import { keys, useClinic, useTypes } from './queries.ts'
import type { StepProps } from './step.ts'
import { TemplatePicker } from './template-picker.tsx'
import { TypeForm } from './type-form.tsx'

/** What patients can book, and by which rules. */
export const TypesSettings = ({ isFirst = false }: StepProps) => {
	const types = useTypes()
	const clinic = useClinic()
	return (
		<Loaded query={types} outline={[80, 80, 80]}>
			{found => (
				<Loaded query={clinic} outline={[80]}>
					{({ locale }) => <Types types={found} locale={locale} isFirst={isFirst} />}
				</Loaded>
			)}
		</Loaded>
	)
}

type TypesProps = { types: AppointmentType[]; locale: string; isFirst: boolean }

const Types = ({ types, locale, isFirst }: TypesProps) => {
	const { t } = useTranslation()
	const [open, setOpen] = useState<string | null>(null)
	// A form that was saved closes itself, not one that was opened meanwhile.
	const close = (id: string) => () => setOpen(now => (now === id ? null : now))
	return (
		<Stack>
			{/* Once some are added, the list is what matters. */}
			{isFirst && <TemplatePicker types={types} locale={locale} replaces={types.length === 1 ? types[0] : undefined} />}
			{types.map(type =>
				open === type.id ? (
					<Card key={type.id} withBorder>
						<TypeForm type={type} locale={locale} onClose={close(type.id)} />
					</Card>
				) : (
					<TypeCard key={type.id} type={type} onEdit={() => setOpen(type.id)} />
				),
			)}
			{open === 'new' ? (
				<Card withBorder>
					<TypeForm locale={locale} onClose={close('new')} />
				</Card>
			) : (
				<Group>
					<Button variant="default" size="md" leftSection={<IconPlus size={18} aria-hidden />} onClick={() => setOpen('new')}>
						{t('setup.types.add')}
					</Button>
				</Group>
			)}
			{!isFirst && <TemplatePicker types={types} locale={locale} />}
		</Stack>
	)
}

const TypeCard = ({ type, onEdit }: { type: AppointmentType; onEdit: () => void }) => {
	const { t } = useTranslation()
	return (
		<Card withBorder data-testid="type">
			<Group justify="space-between" align="flex-start" gap="sm">
				<Stack gap={2} flex={1} miw={200}>
					<Group gap="xs">
						{type.color && <ColorSwatch color={type.color} size={16} aria-hidden />}
						<Title order={2} size="h4" style={{ overflowWrap: 'anywhere' }}>
							{type.name}
						</Title>
						{type.archived && (
							<Badge variant="default" tt="none">
								{t('setup.archived')}
							</Badge>
						)}
						{type.visibility === 'staff' && (
							<Badge variant="default" tt="none">
								{t('setup.types.visibility.staff')}
							</Badge>
						)}
					</Group>
					<Summary type={type} />
				</Stack>
				<EditAndArchive
					name={type.name}
					archived={type.archived}
					path={`/appointment-types/${type.id}`}
					outdates={[keys.types]}
					title={t('setup.types.archiveTitle', { name: type.name })}
					text={t('setup.types.archiveText')}
					onEdit={onEdit}
				/>
			</Group>
		</Card>
	)
}

const Summary = ({ type }: { type: AppointmentType }) => {
	const { t } = useTranslation()
	const duration = useDurationText()
	const parts = [
		duration(type.minutes),
		type.bufferMinutes > 0 && `${t('setup.types.buffer')}: ${duration(type.bufferMinutes)}`,
		type.minNoticeMinutes > 0 && `${t('setup.types.lead')}: ${duration(type.minNoticeMinutes)}`,
		type.dailyLimit !== undefined && `${t('setup.types.dailyLimit')}: ${type.dailyLimit}`,
		type.price,
		type.doctors === 'all' ? t('setup.types.allDoctors') : t('setup.types.someDoctors', { number: type.doctors.length }),
	]
	return <Text fz="sm">{parts.filter(Boolean).join(' · ')}</Text>
}
