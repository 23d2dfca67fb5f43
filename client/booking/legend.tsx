import { IconCheck, IconHourglass, IconLock } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import classes from './booking.module.css'

/** What the shapes in the calendar mean. */
export const Legend = () => {
	const { t } = useTranslation()
	return (
		<section className={classes.legend} aria-labelledby="legend">
			<h2 id="legend" className={classes.legendTitle}>
				{t('booking.legend')}
			</h2>
			<ul>
				<li>
					<span className={classes.sample} data-kind="free" aria-hidden>
						9:00
					</span>
					{t('booking.legendFree')}
				</li>
				<li>
					<span className={classes.sample} data-kind="held" aria-hidden>
						<IconLock size={14} />
					</span>
					{t('booking.legendHeld')}
				</li>
				<li>
					<span className={classes.sample} data-kind="booked" aria-hidden>
						9:00
					</span>
					{t('booking.legendBooked')}
				</li>
				<li>
					<span className={classes.sample} data-kind="mine" aria-hidden>
						<IconCheck size={14} />
					</span>
					{t('booking.legendMine')}
				</li>
				<li>
					<span className={classes.sample} data-kind="short" aria-hidden>
						<IconHourglass size={14} />
					</span>
					{t('booking.legendShort')}
				</li>
			</ul>
		</section>
	)
}
