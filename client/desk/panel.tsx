import { ActionIcon, Group, Loader, Text } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { Fragment, type KeyboardEvent, type ReactNode, type RefObject, useId } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './desk.module.css'

/** Instead of a button's own loader, which would disable the button and so lose the focus. */
export const Busy = () => <Loader size={16} color="currentColor" aria-hidden />

type Props = {
	title: string
	side: 'left' | 'right'
	onClose: () => void
	onKeyDown?: (event: KeyboardEvent<HTMLElement>) => void
	testId: string
	/** What it is about, in pairs of a term and its value; read out with the title. */
	facts: readonly (readonly [term: string, value: ReactNode])[]
	children: ReactNode
	panelRef?: RefObject<HTMLElement | null>
}

/** Beside the slot that it is about. It traps nothing: Escape closes it from anywhere. */
export const Panel = ({ title, side, onClose, onKeyDown, testId, facts, children, panelRef }: Props) => {
	const { t } = useTranslation()
	const id = useId()
	return (
		<section
			ref={panelRef}
			role="dialog"
			aria-labelledby={id}
			aria-describedby={`${id}-facts`}
			tabIndex={-1}
			className={classes.panel}
			data-side={side}
			data-testid={testId}
			onKeyDown={onKeyDown}
		>
			<Group justify="space-between" wrap="nowrap" mb="xs" align="flex-start">
				<Text component="h2" fw={650} fz="md" id={id}>
					{title}
				</Text>
				<ActionIcon variant="subtle" color="gray" c="var(--mantine-color-text)" aria-label={t('app.close')} onClick={onClose}>
					<IconX size={18} aria-hidden />
				</ActionIcon>
			</Group>
			<dl className={classes.facts} id={`${id}-facts`}>
				{facts.map(([name, value]) => (
					<Fragment key={name}>
						<dt>{name}</dt>
						<dd>{value}</dd>
					</Fragment>
				))}
			</dl>
			{children}
		</section>
	)
}
