import { Button, Checkbox, Group, NativeSelect, Popover, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconUsers } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Doctor, Page } from '../../contract/index.ts'
import { query, request } from '../api/http.ts'
import { useDoctorsById, useSites } from './use-doctors.ts'
import type { Shown } from './use-view.ts'

const foundDoctors = 12
const debounceMs = 150

type Props = {
	shown: Shown
	hidesEmpty: boolean
	onShown: (shown: Shown) => void
	onHidesEmpty: (hides: boolean) => void
}

/** Whose calendars the board shows: everyone's, a site's, or those of doctors that one finds by name. */
export const ShownPicker = ({ shown, hidesEmpty, onShown, onHidesEmpty }: Props) => {
	const { t } = useTranslation()
	const [opened, setOpened] = useState(false)
	const sites = useSites()
	const chosen = useDoctorsById(shown.kind === 'doctors' ? shown.doctorIds : shown.kind === 'week' ? [shown.doctorId] : [])
	return (
		<Popover opened={opened} onChange={setOpened} position="bottom-start" trapFocus returnFocus withRoles={false} width={320}>
			<Popover.Target>
				<Button
					variant="default"
					fw={400}
					maw={240}
					leftSection={<IconUsers size={18} aria-hidden />}
					onClick={() => setOpened(!opened)}
					aria-haspopup="dialog"
					aria-expanded={opened}
					data-testid="desk-shown"
				>
					{label()}
				</Button>
			</Popover.Target>
			<Popover.Dropdown role="dialog" aria-label={t('board.choose')}>
				<Stack gap="sm">
					{sites.length > 1 && (
						<NativeSelect
							label={t('board.site')}
							value={shown.kind === 'site' ? shown.siteId : ''}
							onChange={event => onShown(event.currentTarget.value ? { kind: 'site', siteId: event.currentTarget.value } : { kind: 'all' })}
							data={[{ value: '', label: t('board.allSites') }, ...sites.map(({ id, name }) => ({ value: id, label: name }))]}
							data-testid="desk-site"
						/>
					)}
					<FindDoctors
						siteId={shown.kind === 'site' ? shown.siteId : undefined}
						chosen={shown.kind === 'doctors' ? chosen : []}
						onChosen={ids => onShown(ids.length > 0 ? { kind: 'doctors', doctorIds: ids } : { kind: 'all' })}
					/>
					<Switch checked={hidesEmpty} onChange={event => onHidesEmpty(event.currentTarget.checked)} label={t('board.hideEmpty')} />
				</Stack>
			</Popover.Dropdown>
		</Popover>
	)

	function label(): string {
		switch (shown.kind) {
			case 'all':
				return t('board.all')
			case 'site':
				return sites.find(({ id }) => id === shown.siteId)?.name ?? t('board.site')
			case 'doctors':
				return t('board.chosen', { count: shown.doctorIds.length })
			case 'week':
				return t('board.weekOf', { doctor: chosen[0]?.fullName ?? '' })
		}
	}
}

type FindProps = { siteId: string | undefined; chosen: readonly Doctor[]; onChosen: (ids: string[]) => void }

const FindDoctors = ({ siteId, chosen, onChosen }: FindProps) => {
	const { t } = useTranslation()
	const [typed, setTyped] = useState('')
	const [q] = useDebouncedValue(typed.trim(), debounceMs)
	const found = useQuery({
		queryKey: ['doctors', 'find', q, siteId],
		queryFn: ({ signal }) => request<Page<Doctor>>(`/doctors${query({ q: q || undefined, siteId, limit: foundDoctors })}`, { signal }),
		placeholderData: before => before,
		staleTime: 60_000,
	})
	const others = (found.data?.items ?? []).filter(({ id }) => chosen.every(each => each.id !== id))
	const ids = chosen.map(({ id }) => id)
	const toggle = (id: string) => onChosen(ids.includes(id) ? ids.filter(each => each !== id) : [...ids, id])
	return (
		<>
			<TextInput
				label={t('board.find')}
				value={typed}
				onChange={event => setTyped(event.currentTarget.value)}
				autoComplete="off"
				spellCheck={false}
				maxLength={100}
				data-autofocus
				data-testid="desk-find-doctor"
			/>
			<Stack gap={6} mah={260} style={{ overflow: 'auto' }} role="group" aria-label={t('board.doctors')} p={2}>
				{[...chosen, ...others].map(doctor => (
					<Checkbox
						key={doctor.id}
						checked={ids.includes(doctor.id)}
						onChange={() => toggle(doctor.id)}
						label={`${doctor.fullName}, ${doctor.specialty}`}
					/>
				))}
				{found.data && chosen.length + others.length === 0 && <Text size="sm">{t('board.noneFound')}</Text>}
			</Stack>
			{chosen.length > 0 && (
				<Group>
					<Button size="compact-sm" variant="default" onClick={() => onChosen([])}>
						{t('board.showAll')}
					</Button>
				</Group>
			)}
		</>
	)
}
