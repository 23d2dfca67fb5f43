import { Badge, Button, Card, Group, Stack, Text, Textarea, TextInput, Title } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Clinic, Site } from '../../../contract/index.ts'
import { request } from '../../api/http.ts'
import { viewerZone } from '../../i18n/format.ts'
import { Loaded } from '../../shell/loaded.tsx'
import { AddressFields, addressText, toAddress, toAddressDraft } from './address-fields.tsx'
import { changesOf, given, useDraft, useFaults } from './draft.ts'
import { EditAndArchive } from './edit-and-archive.tsx'
import { keys, useClinic, useSaving, useSites } from './queries.ts'
import { differencesOf, SaveBar } from './save-bar.tsx'
import type { StepProps } from './step.ts'
import { ZoneSelect } from './zone-select.tsx'

/** Where the clinic receives patients. */
export const SitesSettings = ({ isFirst = false }: StepProps) => {
	const sites = useSites()
	const clinic = useClinic()
	return (
		<Loaded query={sites} outline={[90, 90]}>
			{found => <Sites sites={found} clinic={clinic.data} isFirst={isFirst} />}
		</Loaded>
	)
}

type SitesProps = { sites: Site[]; clinic: Clinic | undefined; isFirst: boolean }

const Sites = ({ sites, clinic, isFirst }: SitesProps) => {
	const { t } = useTranslation()
	// The site that the installation came with is filled in first.
	const [open, setOpen] = useState<string | null>(isFirst ? (sites[0]?.id ?? 'new') : null)
	// A form that was saved closes itself, not one that was opened meanwhile.
	const close = (id: string) => () => setOpen(now => (now === id ? null : now))
	return (
		<Stack>
			{sites.map(site =>
				open === site.id ? (
					<Card key={site.id} withBorder>
						<SiteForm
							site={site}
							start={
								isFirst ? { name: clinic?.name ?? '', address: clinic?.address, phone: clinic?.phone, zone: clinic?.timeZone } : undefined
							}
							onClose={close(site.id)}
						/>
					</Card>
				) : (
					<SiteCard key={site.id} site={site} onEdit={() => setOpen(site.id)} />
				),
			)}
			{open === 'new' ? (
				<Card withBorder>
					<SiteForm start={{ name: '', zone: clinic?.timeZone, country: clinic?.address?.country }} onClose={close('new')} />
				</Card>
			) : (
				<Group>
					<Button variant="default" size="md" leftSection={<IconPlus size={18} aria-hidden />} onClick={() => setOpen('new')}>
						{t('setup.sites.add')}
					</Button>
				</Group>
			)}
		</Stack>
	)
}

const SiteCard = ({ site, onEdit }: { site: Site; onEdit: () => void }) => {
	const { t } = useTranslation()
	return (
		<Card withBorder data-testid="site">
			<Group justify="space-between" align="flex-start" gap="sm">
				<Stack gap={2}>
					<Group gap="xs">
						<Title order={2} size="h4">
							{site.name}
						</Title>
						{site.archived && (
							<Badge variant="default" tt="none">
								{t('setup.archived')}
							</Badge>
						)}
					</Group>
					<Text fz="sm">{[addressText(site.address), site.timeZone.replaceAll('_', ' ')].filter(Boolean).join(' · ')}</Text>
				</Stack>
				<EditAndArchive
					name={site.name}
					archived={site.archived}
					path={`/sites/${site.id}`}
					outdates={[keys.sites, keys.doctors]}
					title={t('setup.sites.archiveTitle', { name: site.name })}
					text={t('setup.sites.archiveText')}
					onEdit={onEdit}
				/>
			</Group>
		</Card>
	)
}

type Start = {
	name: string
	address?: Site['address'] | undefined
	phone?: string | undefined
	zone?: string | undefined
	country?: string | undefined
}

type SiteFormProps = { site?: Site; start?: Start | undefined; onClose: () => void }

const SiteForm = ({ site, start, onClose }: SiteFormProps) => {
	const { t } = useTranslation()
	const first = toDraft(site)
	const fields = useDraft(start ? startOf(first, start) : first)
	const { draft, set, text } = fields
	const changes = changesOf(toBody(first), toBody(draft))
	const save = useSaving(
		() =>
			site
				? request<Site>(`/sites/${site.id}`, { method: 'PATCH', body: { ...changes, name: draft.name.trim() } })
				: request<Site>('/sites', { method: 'POST', body: toBody(draft) }),
		[keys.sites],
		onClose,
	)
	const faultOf = useFaults(save.error)
	const textOf = (value: Draft) => ({
		[t('setup.sites.name')]: value.name,
		[t('setup.address.title')]: addressText(toAddress(value) as Parameters<typeof addressText>[0]),
		[t('setup.clinic.phone')]: value.phone,
		[t('setup.timeZone')]: value.timeZone,
		[t('setup.sites.directions')]: value.directions,
	})
	const submit = (event: FormEvent) => {
		event.preventDefault()
		save.mutate(undefined)
	}
	return (
		<form onSubmit={submit} noValidate aria-label={site?.name ?? t('setup.sites.add')}>
			<Stack>
				<TextInput
					label={t('setup.sites.name')}
					description={t('setup.sites.nameText')}
					required
					maxLength={120}
					error={faultOf('name')}
					{...text('name')}
				/>
				<AddressFields fields={fields} faultOf={faultOf} />
				<TextInput label={t('setup.clinic.phone')} type="tel" maxLength={32} error={faultOf('phone')} {...text('phone')} />
				<ZoneSelect value={draft.timeZone} error={faultOf('timeZone')} onChange={timeZone => set({ timeZone })} />
				<Textarea
					label={t('setup.sites.directions')}
					description={t('setup.sites.directionsText')}
					maxLength={1000}
					autosize
					minRows={2}
					error={faultOf('directions')}
					{...text('directions')}
				/>
				<SaveBar
					changes={differencesOf(textOf(first), textOf(draft))}
					note={site && 'timeZone' in changes ? t('setup.sites.zoneNote') : undefined}
					saving={save}
					isNew={start !== undefined}
					onCancel={onClose}
				/>
			</Stack>
		</form>
	)
}

const toDraft = (site: Site | undefined) => ({
	name: site?.name ?? '',
	...toAddressDraft(site?.address),
	phone: site?.phone ?? '',
	timeZone: site?.timeZone ?? viewerZone(),
	directions: site?.directions ?? '',
})
type Draft = ReturnType<typeof toDraft>

/** A site begins with what the clinic said of itself. */
const startOf = (draft: Draft, { name, address, phone, zone, country }: Start): Draft => ({
	...draft,
	...toAddressDraft(address, country),
	name,
	phone: phone ?? '',
	timeZone: zone ?? viewerZone(),
})

const toBody = (draft: Draft) => ({
	name: draft.name.trim(),
	address: toAddress(draft),
	phone: given(draft.phone),
	timeZone: draft.timeZone,
	directions: given(draft.directions),
})
