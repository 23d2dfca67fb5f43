import { Button, Group, Stack, Text, Title } from '@mantine/core'
import { IconCircleCheck, IconCircleDashed } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import type { SetupStep } from '../../contract/index.ts'
import { isPage, pages } from '../admin/settings/pages.tsx'
import { useSetup } from '../admin/settings/queries.ts'
import classes from '../admin/settings/settings.module.css'
import { Screen } from '../shell/layout.tsx'
import { Loaded } from '../shell/loaded.tsx'
import { TestBooking } from './test-booking.tsx'

/** Leads a new clinic from its name to its first booking. It can be left at any step, and goes on where something is still to be done. */
const SetupScreen = () => {
	const { t } = useTranslation()
	const setup = useSetup()
	return (
		<Screen title={t('setup.run.title')} wide>
			<Loaded query={setup} outline={[44, 300]}>
				{({ steps }) => <Steps steps={steps} />}
			</Loaded>
		</Screen>
	)
}

const Steps = ({ steps }: { steps: SetupStep[] }) => {
	const { t } = useTranslation()
	const [parameters, setParameters] = useSearchParams()
	const [start] = useState(() => steps.find(({ done }) => !done)?.id ?? 'booking')
	const current = steps.find(({ id }) => id === parameters.get('step')) ?? steps.find(({ id }) => id === start)
	if (!current) return null
	const number = steps.indexOf(current) + 1
	const next = steps[number]
	const goOn = () => {
		if (!next) return
		setParameters({ step: next.id })
		window.scrollTo(0, 0)
	}
	return (
		<div className={classes.frame}>
			<nav aria-label={t('setup.run.steps')}>
				<ol className={classes.menu}>
					{steps.map(({ id, done }) => (
						<li key={id}>
							<Link to={`/admin/setup?step=${id}`} className={classes.entry} aria-current={id === current.id ? 'step' : undefined}>
								{done ? (
									<IconCircleCheck size={20} aria-label={t('setup.run.done')} />
								) : (
									<IconCircleDashed size={20} aria-label={t('setup.run.open')} />
								)}
								{t(`setup.page.${id}`)}
							</Link>
						</li>
					))}
				</ol>
			</nav>
			<Stack key={current.id}>
				<div>
					<Text fz="sm">{t('setup.run.step', { number, of: steps.length })}</Text>
					<Title order={2} size="h3">
						{t(`setup.page.${current.id}`)}
					</Title>
					<Text>{t(`setup.intro.${current.id}`)}</Text>
				</div>
				<Step step={current} onSaved={goOn} />
				<Group>
					{next && (
						<Button size="md" variant={current.id === 'clinic' ? 'default' : 'filled'} onClick={goOn}>
							{t('setup.run.next', { step: t(`setup.page.${next.id}`) })}
						</Button>
					)}
					<Button size="md" variant="subtle" component={Link} to="/admin/settings/clinic">
						{t('setup.run.leave')}
					</Button>
				</Group>
			</Stack>
		</div>
	)
}

/** Whether a step is its first time is said once: what is done while it is open must not take the form away. */
const Step = ({ step, onSaved }: { step: SetupStep; onSaved: () => void }) => {
	const [isFirst] = useState(!step.done)
	if (!isPage(step.id)) return <TestBooking done={step.done} />
	const Page = pages[step.id]
	return <Page isFirst={step.id === 'types' ? !step.done : isFirst} onSaved={onSaved} />
}

export default SetupScreen
