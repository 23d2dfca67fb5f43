import { Alert, Badge, Button, Group, List, Paper, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconCheck, IconPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Plan, Site } from '../../contract/index.ts'
import { useSites } from '../admin/settings/queries.ts'
import { Conflicts } from '../doctor/conflicts.tsx'
import { dateIn } from '../i18n/format.ts'
import { Loaded } from '../shell/loaded.tsx'
import { Decision } from './decision.tsx'
import { PlanForm } from './plan-form.tsx'
import { usePlans } from './queries.ts'
import { useValidity, useWeekInWords } from './words.ts'

type OfDoctor = { doctorId: string; timeZone: string }

/** A doctor's plans: added, changed, ended and removed, each after its effects have been shown. */
export const PlansSection = (props: OfDoctor) => {
	const { t } = useTranslation()
	const plans = usePlans(props.doctorId)
	const sites = useSites()
	return (
		<Stack component="section" aria-labelledby="plans">
			<Title order={2} size="h3" id="plans">
				{t('hours.plans.title')}
			</Title>
			<Loaded query={plans} outline={[120, 120]}>
				{found => (
					<Loaded query={sites} outline={[120, 120]}>
						{places => <Plans {...props} plans={found} sites={places} />}
					</Loaded>
				)}
			</Loaded>
		</Stack>
	)
}

/** What is being done to the plans. */
type Doing =
	| { do: 'nothing' }
	| { do: 'add'; like?: Plan | undefined }
	| { do: 'change'; plan: Plan }
	| { do: 'end'; plan: Plan }
	| { do: 'remove'; plan: Plan }

const Plans = ({ doctorId, timeZone, plans, sites }: OfDoctor & { plans: Plan[]; sites: Site[] }) => {
	const { t } = useTranslation()
	const today = dateIn(Date.now(), timeZone)
	const [doing, setDoing] = useState<Doing>(plans.length === 0 ? { do: 'add' } : { do: 'nothing' })
	const [saved, setSaved] = useState<string[]>()
	const [showsEarlier, setShowsEarlier] = useState(false)
	const isOver = ({ validUntil }: Plan) => validUntil !== undefined && validUntil < today
	const shown = plans.filter(plan => showsEarlier || !isOver(plan))
	const begin = (next: Doing) => {
		setSaved(undefined)
		setDoing(next)
	}
	const onCancel = () => setDoing({ do: 'nothing' })
	const ends = {
		doctorId,
		timeZone,
		today,
		onCancel,
		onSaved: (conflicts: string[]) => {
			setSaved(conflicts)
			onCancel()
		},
	}
	const open = sites.filter(({ archived }) => !archived)
	return (
		<Stack>
			{saved && <Saved conflicts={saved} timeZone={timeZone} />}
			{plans.length === 0 && <Text>{t('hours.plans.none')}</Text>}
			{shown.map(plan =>
				doing.do === 'change' && doing.plan.id === plan.id ? (
					<Paper key={plan.id} withBorder p="md">
						<PlanForm {...ends} title={t('hours.plans.changing')} sites={keeping(open, sites, plan.siteId)} start={plan} changed={plan} />
					</Paper>
				) : (
					<PlanCard key={plan.id} plan={plan} site={sites.find(({ id }) => id === plan.siteId)} today={today} onDo={begin}>
						{doing.do === 'end' && doing.plan.id === plan.id && <Ending {...ends} plan={plan} />}
						{doing.do === 'remove' && doing.plan.id === plan.id && <Removing {...ends} plan={plan} />}
					</PlanCard>
				),
			)}
			{doing.do === 'add' ? (
				<Paper withBorder p="md">
					<PlanForm {...ends} title={t('hours.plans.add')} sites={open} start={newPlan(doing.like, open, today)} />
				</Paper>
			) : (
				<Group>
					<Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => begin({ do: 'add' })}>
						{t('hours.plans.add')}
					</Button>
					{plans.some(isOver) && (
						<Button variant="default" aria-expanded={showsEarlier} onClick={() => setShowsEarlier(!showsEarlier)}>
							{t(showsEarlier ? 'hours.plans.hideEarlier' : 'hours.plans.earlier', { number: plans.filter(isOver).length })}
						</Button>
					)}
				</Group>
			)}
		</Stack>
	)
}

/** A plan may stay at a site that is archived. */
const keeping = (open: Site[], sites: Site[], siteId: string) =>
	open.some(({ id }) => id === siteId) ? open : [...sites.filter(({ id }) => id === siteId), ...open]

const newPlan = (like: Plan | undefined, open: Site[], today: string): Omit<Plan, 'id'> => ({
	siteId: open.some(({ id }) => id === like?.siteId) ? (like as Plan).siteId : (open[0]?.id ?? ''),
	slotMinutes: like?.slotMinutes ?? 30,
	weekly: like?.weekly ?? [],
	validFrom: today,
})

type CardProps = { plan: Plan; site: Site | undefined; today: string; onDo: (doing: Doing) => void; children: React.ReactNode }

const PlanCard = ({ plan, site, today, onDo, children }: CardProps) => {
	const { t } = useTranslation()
	const validity = useValidity()(plan)
	const week = useWeekInWords()(plan.weekly)
	const state = plan.validFrom > today ? 'later' : plan.validUntil !== undefined && plan.validUntil < today ? 'over' : 'inForce'
	const name = `${site?.name ?? ''}, ${validity}`
	const button = (text: string, doing: Doing) => (
		<Button variant="default" size="sm" aria-label={`${text}: ${name}`} onClick={() => onDo(doing)}>
			{text}
		</Button>
	)
	return (
		<Paper withBorder p="md" data-testid="plan">
			<Stack gap="sm">
				<Group justify="space-between" gap="xs">
					<Title order={3} size="h5">
						{site?.name}
					</Title>
					<Badge
						variant={state === 'inForce' ? 'filled' : 'outline'}
						color={state === 'inForce' ? 'teal' : 'gray'}
						c={state === 'inForce' ? undefined : 'var(--mantine-color-text)'}
					>
						{t(`hours.plans.${state}`)}
					</Badge>
				</Group>
				<Text>{validity}</Text>
				<List size="sm" listStyleType="none">
					{week.length === 0 && <List.Item>{t('hours.plans.noHours')}</List.Item>}
					{week.map(line => (
						<List.Item key={line}>
							<bdi>{line}</bdi>
						</List.Item>
					))}
				</List>
				<Text fz="sm">{t('hours.plans.slots', { minutes: plan.slotMinutes })}</Text>
				<Group gap="xs">
					{state !== 'over' && button(t('hours.plans.change'), { do: 'change', plan })}
					{button(t('hours.plans.newFrom'), { do: 'add', like: plan })}
					{state !== 'over' && button(t('hours.plans.end'), { do: 'end', plan })}
					{button(t('hours.plans.remove'), { do: 'remove', plan })}
				</Group>
				{children}
			</Stack>
		</Paper>
	)
}

type DoingProps = OfDoctor & { plan: Plan; today: string; onSaved: (conflicts: string[]) => void; onCancel: () => void }

const Ending = ({ plan, today, ...props }: DoingProps) => {
	const { t } = useTranslation()
	const [last, setLast] = useState('')
	const earliest = plan.validFrom > today ? plan.validFrom : today
	const body = { validUntil: last }
	return (
		<Stack>
			<TextInput
				type="date"
				label={t('hours.plans.lastDay')}
				min={earliest}
				value={last}
				error={last !== '' && last < plan.validFrom && t('doctor.hours.fault.validUntil')}
				onChange={event => setLast(event.currentTarget.value)}
			/>
			{last !== '' && last >= plan.validFrom ? (
				<Decision
					{...props}
					change={{
						preview: { path: `/plans/${plan.id}/preview`, body },
						save: { method: 'PATCH', path: `/plans/${plan.id}`, body },
						action: t('hours.plans.endNow'),
						takesAway: true,
					}}
				/>
			) : (
				<Group>
					<Button size="md" variant="default" onClick={props.onCancel}>
						{t('hours.back')}
					</Button>
				</Group>
			)}
		</Stack>
	)
}

const Removing = ({ plan, today: _, ...props }: DoingProps) => {
	const { t } = useTranslation()
	return (
		<Decision
			{...props}
			change={{
				preview: { path: `/plans/${plan.id}/preview`, body: { remove: true } },
				save: { method: 'DELETE', path: `/plans/${plan.id}` },
				action: t('hours.plans.removeNow'),
				takesAway: true,
			}}
		/>
	)
}

/** That the hours were saved, and which appointments lie outside them. */
export const Saved = ({ conflicts, timeZone }: { conflicts: string[]; timeZone: string }) => {
	const { t } = useTranslation()
	return (
		<Alert color="green" variant="light" icon={<IconCheck aria-hidden />} role="status" data-testid="hours-saved">
			<Stack gap="xs" c="var(--mantine-color-text)">
				<Text fw={650}>{t('hours.saved')}</Text>
				{conflicts.length > 0 && <Conflicts ids={conflicts} timeZone={timeZone} />}
			</Stack>
		</Alert>
	)
}
