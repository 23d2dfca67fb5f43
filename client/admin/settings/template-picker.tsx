import { Button, Checkbox, Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AppointmentType } from '../../../contract/index.ts'
import { request } from '../../api/http.ts'
import { ErrorMessage } from '../../shell/messages.tsx'
import { useDurationText } from './duration-input.tsx'
import { keys, useSaving } from './queries.ts'
import { type TemplateId, type TemplateType, templates, toTypeInput } from './templates.ts'

type Props = {
	types: AppointmentType[]
	locale: string
	/** The kind that the installation came with: the first one takes its place. */
	replaces?: AppointmentType | undefined
}

/** Kinds of appointment to start from, by the kind of practice. */
export const TemplatePicker = ({ types, locale, replaces }: Props) => {
	const { t } = useTranslation()
	const [chosen, setChosen] = useState<TemplateId>()
	return (
		<Paper withBorder p="md" component="section" aria-labelledby="templates">
			<Stack>
				<Title order={2} size="h4" id="templates">
					{t('setup.templates.title')}
				</Title>
				<Text fz="sm">{t('setup.templates.text')}</Text>
				<Group gap="xs">
					{(Object.keys(templates) as TemplateId[]).map(id => (
						<Button
							key={id}
							size="md"
							variant={chosen === id ? 'filled' : 'default'}
							aria-pressed={chosen === id}
							onClick={() => setChosen(id)}
						>
							{t(`setup.templates.${id}`)}
						</Button>
					))}
				</Group>
				{chosen && (
					<Choice
						key={chosen}
						offered={templates[chosen]}
						types={types}
						locale={locale}
						replaces={replaces}
						onAdded={() => setChosen(undefined)}
					/>
				)}
			</Stack>
		</Paper>
	)
}

const Choice = ({ offered, types, locale, replaces, onAdded }: Props & { offered: readonly TemplateType[]; onAdded: () => void }) => {
	const { t } = useTranslation()
	const duration = useDurationText()
	const inputs = offered.map(each => toTypeInput(each, locale))
	const isTaken = (name: string) => types.some(type => type.name === name && type.id !== replaces?.id)
	const [ticked, setTicked] = useState(() => inputs.map(({ name }) => name).filter(name => !isTaken(name)))
	const add = useSaving(
		async () => {
			const [first, ...others] = inputs.filter(({ name }) => ticked.includes(name))
			if (first && replaces) await request(`/appointment-types/${replaces.id}`, { method: 'PATCH', body: first })
			// One after the other, because the clinic's order is the order in which they are made.
			for (const body of first && replaces ? others : [first, ...others]) await request('/appointment-types', { method: 'POST', body })
		},
		[keys.types],
		onAdded,
	)
	return (
		<Stack gap="sm">
			<Checkbox.Group value={ticked} onChange={setTicked} label={t('setup.templates.which')}>
				<Stack gap="xs" mt="xs">
					{inputs.map(({ name, minutes }) => (
						<Checkbox
							key={name}
							size="md"
							value={name}
							disabled={isTaken(name)}
							label={`${name} · ${duration(minutes)}${isTaken(name) ? ` · ${t('setup.templates.taken')}` : ''}`}
						/>
					))}
				</Stack>
			</Checkbox.Group>
			{replaces && <Text fz="sm">{t('setup.templates.replaces', { name: replaces.name })}</Text>}
			{add.error && <ErrorMessage error={add.error} />}
			<Group>
				<Button size="md" loading={add.isPending} disabled={ticked.length === 0} onClick={() => add.mutate(undefined)}>
					{t('setup.templates.add', { number: ticked.length })}
				</Button>
			</Group>
		</Stack>
	)
}
