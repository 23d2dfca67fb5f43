import { Button, Card, Group, NativeSelect, Paper, SimpleGrid, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Closure, ClosureInput, Site } from '../../../contract/index.ts'
import { request } from '../../api/http.ts'
import { dateIn, useFormat, viewerZone } from '../../i18n/format.ts'
import { Loaded } from '../../shell/loaded.tsx'
import { Confirm } from '../confirm.tsx'
import { Failure } from '../in-use.tsx'
import { ClosureEffects, useDays } from './closure-effects.tsx'
import { useDraft, useFaults } from './draft.ts'
import { Holidays } from './holidays.tsx'
import { all, keys, useClinic, useSaving, useSites } from './queries.ts'

/** Days on which the clinic or a site is closed. */
export const ClosuresSettings = () => {
	const { t } = useTranslation()
	const closures = useClosures()
	const sites = useSites()
	const clinic = useClinic()
	return (
		<Loaded query={closures} outline={[120, 60]}>
			{found => (
				<Loaded query={sites} outline={[120]}>
					{places => (
						<Stack>
							{clinic.data && <Holidays closures={found} clinic={clinic.data} />}
							<NewClosure sites={places.filter(({ archived }) => !archived)} />
							<Title order={2} size="h4">
								{t('setup.closures.title')}
							</Title>
							{found.length === 0 && <Text>{t('setup.closures.none')}</Text>}
							<Stack gap="xs">
								{found.map(closure => (
									<ClosureLine key={closure.id} closure={closure} sites={places} />
								))}
							</Stack>
						</Stack>
					)}
				</Loaded>
			)}
		</Loaded>
	)
}

export const useClosures = () => {
	const today = dateIn(Date.now(), viewerZone())
	return useQuery({
		queryKey: [...keys.closures, today],
		queryFn: ({ signal }) => all<Closure>('/closures', { from: today }, signal),
	})
}

const ClosureLine = ({ closure, sites }: { closure: Closure; sites: Site[] }) => {
	const { t } = useTranslation()
	const days = useDays()
	const [asking, setAsking] = useState(false)
	const remove = useSaving(() => request(`/closures/${closure.id}`, { method: 'DELETE' }), [keys.closures])
	const site = sites.find(({ id }) => id === closure.siteId)
	return (
		<Card withBorder p="sm" data-testid="closure">
			<Group justify="space-between" gap="xs">
				<div>
					<Text fw={650}>{closure.name}</Text>
					<Text fz="sm">{[days(closure), site?.name ?? t('setup.closures.allSites')].join(' · ')}</Text>
				</div>
				<Button variant="subtle" aria-label={`${t('setup.closures.remove')}: ${closure.name}`} onClick={() => setAsking(true)}>
					{t('setup.closures.remove')}
				</Button>
			</Group>
			<Confirm
				opened={asking}
				title={t('setup.closures.removeTitle', { name: closure.name })}
				text={days(closure)}
				action={t('setup.closures.remove')}
				doing={remove}
				onConfirm={() => remove.mutate(undefined)}
				onClose={() => {
					setAsking(false)
					remove.reset()
				}}
			>
				{asking && <ComesBack closureId={closure.id} />}
			</Confirm>
		</Card>
	)
}

const ComesBack = ({ closureId }: { closureId: string }) => {
	const { t } = useTranslation()
	const format = useFormat()
	const preview = useQuery({
		queryKey: ['closure-removal', closureId],
		queryFn: ({ signal }) => request<{ created: number }>(`/closures/${closureId}/preview`, { method: 'POST', signal }),
		gcTime: 0,
	})
	if (preview.error) return <Failure error={preview.error} />
	if (!preview.data) return <Skeleton height={24} />
	return <Text data-testid="comes-back">{t('setup.closures.comesBack', { number: format.number(preview.data.created) })}</Text>
}

const empty = { name: '', from: '', to: '', siteId: '' }

const NewClosure = ({ sites }: { sites: Site[] }) => {
	const { t } = useTranslation()
	const { draft, set, text } = useDraft(empty)
	const until = draft.to || draft.from
	const body: ClosureInput = { name: draft.name.trim(), from: draft.from, to: until, ...(draft.siteId && { siteId: draft.siteId }) }
	const isInOrder = draft.from !== '' && draft.from <= until
	const add = useSaving(
		() => request<Closure>('/closures', { method: 'POST', body }),
		[keys.closures],
		() => set(empty),
	)
	const faultOf = useFaults(add.error)
	const submit = (event: FormEvent) => {
		event.preventDefault()
		add.mutate(undefined)
	}
	return (
		<Paper withBorder p="md">
			<form onSubmit={submit} noValidate aria-labelledby="new-closure">
				<Stack>
					<Title order={2} size="h4" id="new-closure">
						{t('setup.closures.add')}
					</Title>
					<SimpleGrid cols={{ base: 1, xs: 2 }}>
						<TextInput label={t('setup.closures.name')} maxLength={100} required error={faultOf('name')} {...text('name')} />
						<NativeSelect
							label={t('setup.closures.where')}
							data={[{ value: '', label: t('setup.closures.allSites') }, ...sites.map(({ id, name }) => ({ value: id, label: name }))]}
							{...text('siteId')}
						/>
						<TextInput type="date" label={t('setup.closures.from')} required error={faultOf('from')} {...text('from')} />
						<TextInput
							type="date"
							label={t('setup.closures.to')}
							min={draft.from}
							error={faultOf('to') ?? (draft.from !== '' && !isInOrder ? t('setup.check') : undefined)}
							{...text('to')}
						/>
					</SimpleGrid>
					<div aria-live="polite">{isInOrder && <ClosureEffects closures={[{ ...body, name: body.name || '–' }]} />}</div>
					{add.error && <Failure error={add.error} />}
					<Group>
						<Button type="submit" size="md" loading={add.isPending} disabled={!isInOrder || body.name === ''}>
							{t('setup.closures.add')}
						</Button>
						<Text role="status">{add.isSuccess && draft.from === '' ? t('setup.saved') : ''}</Text>
					</Group>
				</Stack>
			</form>
		</Paper>
	)
}
