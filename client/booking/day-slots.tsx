import { Text } from '@mantine/core'
import { memo, useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Slot } from '../../contract/index.ts'
import { useFormat, viewerZone } from '../i18n/format.ts'
import classes from './booking.module.css'
import { kindOf, SlotButton, type SlotKind } from './slot-button.tsx'
import { type Day, partsOf } from './week.ts'
import { isOtherZone } from './zones.ts'

const stateTexts: Record<SlotKind, string> = {
	free: 'state.free',
	short: 'booking.tooShort',
	held: 'state.held',
	mine: 'state.heldByMe',
	booked: 'state.booked',
	blocked: 'state.blocked',
}

type Props = { day: Day; timeZone: string; live: boolean; onChoose: (slot: Slot) => void }

/** The times of slots as texts, each made once: a busy calendar changes many times a second, its times never do. */
const useTimes = (timeZone: string) => {
	const { t } = useTranslation()
	const format = useFormat(timeZone)
	const viewer = useFormat(viewerZone())
	return useMemo(() => {
		const withLocal = isOtherZone(timeZone)
		const known = new Map<string, { time: string; localTime: string | undefined }>()
		return ({ startsAt }: Slot) => {
			let texts = known.get(startsAt)
			if (!texts) {
				const localTime = withLocal ? t('booking.yourTime', { time: viewer.time(startsAt) }) : undefined
				texts = { time: format.time(startsAt), localTime }
				known.set(startsAt, texts)
			}
			return texts
		}
	}, [t, timeZone, format, viewer])
}

const useStateTexts = () => {
	const { t } = useTranslation()
	return useMemo(() => Object.fromEntries(Object.entries(stateTexts).map(([kind, key]) => [kind, t(key)])) as Record<SlotKind, string>, [t])
}

/** The times of one day, as buttons. Drawn again only when the day changed. */
export const DaySlots = memo(({ day, timeZone, live, onChoose }: Props) => {
	const { t } = useTranslation()
	const timesOf = useTimes(timeZone)
	const texts = useStateTexts()
	const parts = useMemo(() => partsOf(day.slots, timeZone), [day, timeZone])

	if (day.slots.length === 0) return <Text className={classes.none}>{t('booking.noTimes')}</Text>
	if (day.slots.every(slot => slot.state === 'blocked')) return <Text className={classes.none}>{t('booking.closed')}</Text>
	return parts.map(({ part, slots }) => (
		<div key={part} className={classes.part}>
			<p className={classes.partName} aria-hidden>
				{t(`booking.${part}`)}
			</p>
			<ul className={classes.slots} aria-label={t(`booking.${part}`)}>
				{slots.map(slot => {
					const kind = kindOf(slot, day.startable)
					return (
						<li key={slot.id}>
							<SlotButton slot={slot} kind={kind} {...timesOf(slot)} stateText={texts[kind]} live={live} onChoose={onChoose} />
						</li>
					)
				})}
			</ul>
		</div>
	))
})
