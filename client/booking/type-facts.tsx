import { Text } from '@mantine/core'
import { IconClipboardList, IconTag } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { AppointmentType } from '../../contract/index.ts'
import classes from './booking.module.css'

/** What a kind of visit is for, what it costs, and how to prepare for it. */
export const TypeFacts = ({ type, withDescription = true }: { type: AppointmentType; withDescription?: boolean }) => {
	const { t } = useTranslation()
	const { description, price, instructions } = type
	if (!price && !instructions && !(withDescription && description)) return null
	return (
		<div className={classes.typeFacts}>
			{withDescription && description && <Text dir="auto">{description}</Text>}
			<div className={classes.facts}>
				{price && (
					<div className={classes.fact}>
						<IconTag size={18} aria-hidden />
						<span>
							{t('faces.price')}: <bdi>{price}</bdi>
						</span>
					</div>
				)}
				{instructions && (
					<div className={classes.fact}>
						<IconClipboardList size={18} aria-hidden />
						<span>
							{t('faces.prepare')}: <bdi>{instructions}</bdi>
						</span>
					</div>
				)}
			</div>
		</div>
	)
}
