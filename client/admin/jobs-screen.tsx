import { Badge, Button, Group, Loader, Paper, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconPlayerPlay, IconRefresh } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Job } from '../../contract/index.ts'
import { request } from '../api/http.ts'
import { useFormat, viewerZone } from '../i18n/format.ts'
import { jobWhyOf } from '../notices/why.ts'
import { Screen } from '../shell/layout.tsx'
import { Empty, ErrorMessage } from '../shell/messages.tsx'
import { Skeletons } from '../shell/skeletons.tsx'
import classes from './jobs.module.css'
import { rhythmOf } from './rhythm.ts'

const jobsKey = ['jobs']
const calmMs = 5000
const closelyMs = 1000

/** Names of jobs are the server's; one that this client does not know yet is shown by its name. */
const keyOf = (name: string) => name.replaceAll(' ', '_')

/** Failed, and has not run well since. */
const isBroken = ({ failedAt, lastFinishedAt }: Job) => failedAt !== null && (lastFinishedAt === null || failedAt >= lastFinishedAt)

/** Jobs that were asked to run, with the run that was their last one then. */
type Asked = ReadonlyMap<string, string | null>

const isAwaited = (asked: Asked, { name, lastRunAt }: Job) => asked.has(name) && asked.get(name) === lastRunAt

/** Jobs run on any node, which tells no page: the list is read again at intervals, shorter ones while a job is awaited. */
const useJobs = () => {
	const queries = useQueryClient()
	const [asked, setAsked] = useState<Asked>(new Map())
	const jobs = useQuery({
		queryKey: jobsKey,
		queryFn: ({ signal }) => request<{ items: Job[] }>('/admin/jobs', { signal }),
		staleTime: 0,
		refetchInterval: ({ state }) => (state.data?.items.some(job => job.running || isAwaited(asked, job)) ? closelyMs : calmMs),
	})
	const run = useMutation({
		mutationFn: ({ name }: Job) => request(`/admin/jobs/${encodeURIComponent(name)}/run`, { method: 'POST' }),
		onSuccess: (_, { name, lastRunAt }) => {
			setAsked(known => new Map(known).set(name, lastRunAt))
			void queries.invalidateQueries({ queryKey: jobsKey })
		},
	})
	return { jobs, run, asked }
}

const State = ({ job, awaited }: { job: Job; awaited: boolean }) => {
	const { t } = useTranslation()
	const state = awaited ? 'awaited' : job.running ? 'running' : isBroken(job) ? 'failed' : job.lastRunAt ? 'well' : 'never'
	const icons = {
		awaited: <Loader size={14} color="currentColor" aria-hidden />,
		running: <IconRefresh size={16} aria-hidden />,
		failed: <IconAlertTriangle size={16} aria-hidden />,
		well: <IconCircleCheck size={16} aria-hidden />,
		never: undefined,
	}
	return (
		<span role="status">
			<Badge variant="default" tt="none" fw={500} size="lg" leftSection={icons[state]} data-testid="job-state" data-state={state}>
				{t(`admin.jobs.state.${state}`)}
			</Badge>
		</span>
	)
}

const Instant = ({ at, testId }: { at: string | null; testId: string }) => {
	const { t } = useTranslation()
	const format = useFormat(viewerZone())
	return at ? (
		<time dateTime={at} data-testid={testId}>
			{format.dayAndTime(at)}
		</time>
	) : (
		<span data-testid={testId}>{t('admin.jobs.notYet')}</span>
	)
}

const Failure = ({ job }: { job: Job }) => {
	const { t } = useTranslation()
	const format = useFormat(viewerZone())
	if (!job.failedAt) return <span>{t('admin.jobs.noFailure')}</span>
	return (
		<>
			<span>{`${format.dayAndTime(job.failedAt)}: ${t(`admin.jobs.why.${jobWhyOf(job.error ?? '')}`)}`}</span>
			{job.error && (
				<bdi lang="en" dir="ltr" className={classes.said}>
					{job.error.slice(0, 300)}
				</bdi>
			)}
			{!isBroken(job) && <span> {t('admin.jobs.wellSince')}</span>}
		</>
	)
}

const JobCard = ({ job, awaited, sending, onRun }: { job: Job; awaited: boolean; sending: boolean; onRun: () => void }) => {
	const { t, i18n } = useTranslation()
	const id = useId()
	const key = keyOf(job.name)
	const title = t(`admin.jobs.name.${key}`, { defaultValue: job.name })
	const busy = sending || awaited
	const facts: [string, React.ReactNode][] = [
		[t('admin.jobs.often'), rhythmOf(job.every, i18n.language, t)],
		[t('admin.jobs.last'), <Instant key="last" at={job.lastRunAt} testId="job-last" />],
		[t('admin.jobs.next'), <Instant key="next" at={job.nextRunAt} testId="job-next" />],
		[t('admin.jobs.node'), <bdi key="node">{job.lastRunBy ?? '–'}</bdi>],
		[t('admin.jobs.failure'), <Failure key="failure" job={job} />],
	]
	return (
		<Paper component="li" withBorder p="md" radius="lg" data-testid="job" data-job={job.name} aria-labelledby={id}>
			<Stack gap="sm">
				<Group justify="space-between" gap="xs">
					<Text component="h2" fw={650} id={id}>
						{title}
					</Text>
					<State job={job} awaited={awaited} />
				</Group>
				<Text fz="sm">{t(`admin.jobs.does.${key}`, { defaultValue: '' })}</Text>
				<dl className={classes.facts}>
					{facts.map(([name, value]) => (
						<div key={name}>
							<dt>{name}</dt>
							<dd>{value}</dd>
						</div>
					))}
				</dl>
				<Button
					size="md"
					variant="default"
					leftSection={busy ? <Loader size={16} color="currentColor" aria-hidden /> : <IconPlayerPlay size={16} aria-hidden />}
					aria-disabled={busy || undefined}
					aria-label={`${t('admin.jobs.run')}: ${title}`}
					style={{ alignSelf: 'flex-start' }}
					data-testid="job-run"
					onClick={() => !busy && onRun()}
				>
					{t('admin.jobs.run')}
				</Button>
			</Stack>
		</Paper>
	)
}

const Jobs = () => {
	const { t } = useTranslation()
	const { jobs, run, asked } = useJobs()
	if (jobs.error && !jobs.data) return <ErrorMessage error={jobs.error} onRetry={() => void jobs.refetch()} />
	if (!jobs.data) return <Skeletons heights={[220, 220, 220]} cols={{ base: 1, md: 2 }} />
	const { items } = jobs.data
	if (items.length === 0) return <Empty title={t('admin.jobs.empty')} />
	return (
		<Stack>
			{(run.error ?? jobs.error) && <ErrorMessage error={run.error ?? jobs.error} />}
			<ul className={classes.list} aria-label={t('nav.jobs')}>
				{items.map(job => (
					<JobCard
						key={job.name}
						job={job}
						awaited={isAwaited(asked, job)}
						sending={run.isPending && run.variables.name === job.name}
						onRun={() => run.mutate(job)}
					/>
				))}
			</ul>
		</Stack>
	)
}

const JobsScreen = () => {
	const { t } = useTranslation()
	const format = useFormat(viewerZone())
	return (
		<Screen title={t('nav.jobs')} wide>
			<Stack>
				<Text fz="sm">{t('admin.jobs.intro', { zone: format.zone(viewerZone()) })}</Text>
				<Jobs />
			</Stack>
		</Screen>
	)
}

export default JobsScreen
