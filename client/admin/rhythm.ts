import type { TFunction } from 'i18next'
import { localeOf } from '../i18n/format.ts'

/** How often a job runs, in words and in the reader's zone, from its cron line in UTC. What has no words is shown as it is. */
export const rhythmOf = (every: string, language: string, t: TFunction, now = new Date()): string => {
	if (every === '* * * * *') return t('admin.jobs.everyMinute')
	const [, minute, hour] = /^(\d{1,2}) (\d{1,2}) \* \* \*$/.exec(every) ?? []
	if (minute === undefined) return every
	const at = new Date(now)
	at.setUTCHours(Number(hour), Number(minute), 0, 0)
	const time = new Intl.DateTimeFormat(localeOf(language), { hour: '2-digit', minute: '2-digit' }).format(at)
	return t('admin.jobs.daily', { time })
}
