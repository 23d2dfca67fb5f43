import { Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { HistoryItem, Place } from '../../contract/index.ts'
import { useFormat } from '../i18n/format.ts'
import classes from './history.module.css'

/** What happened to a slot or a visit, oldest first, in the doctor's time. */
export const HistoryItems = ({ items, timeZone }: { items: readonly HistoryItem[]; timeZone: string | undefined }) => {
	const { t } = useTranslation()
	if (items.length === 0) return <Text size="sm">{t('history.none')}</Text>
	return (
		<ol className={classes.items} data-testid="history">
			{items.map((item, index) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: the past does not change its order
				<Item key={index} item={item} timeZone={timeZone} />
			))}
		</ol>
	)
}

const Item = ({ item, timeZone }: { item: HistoryItem; timeZone: string | undefined }) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const { at, what, by, patientName, from, to, undoes, reason, message } = item
	const place = ({ startsAt, doctorName }: Place) => t('history.place', { time: format.dayAndTime(startsAt), doctor: doctorName })
	return (
		<li data-what={what}>
			<time dateTime={at}>{format.dayAndTime(at)}</time>
			<div>
				<strong>{t(`history.what.${what}`)}</strong>
				{undoes && <> {t(`history.undoes.${undoes}`)}</>}
				{message && (
					<>
						{' '}
						{t(`notices.kind.${message.kind}`, { lead: '' })}, {t(`notices.channel.${message.channel}`)},{' '}
						{t(`history.messageState.${message.status}`)}
					</>
				)}
				{patientName && !message && (
					<>
						{' '}
						<bdi>{patientName}</bdi>
					</>
				)}
				{from && to && <div>{t('history.fromTo', { from: place(from), to: place(to) })}</div>}
				{reason && <div>{t('history.reason', { reason })}</div>}
				{by && <div className={classes.by}>{t('history.by', { name: by.name, role: t(`role.${by.role}`) })}</div>}
			</div>
		</li>
	)
}
