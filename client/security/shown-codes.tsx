import { Button, Code, Group, Stack, Text, Title } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './security.module.css'

/** The recovery codes, this once. */
export const ShownCodes = ({ codes, onDone }: { codes: string[]; onDone: () => void }) => {
	const { t } = useTranslation()
	const clipboard = useClipboard()
	const heading = useRef<HTMLHeadingElement>(null)
	const file = `data:text/plain;charset=utf-8,${encodeURIComponent(`${codes.join('\n')}\n`)}`
	// They have taken the place of the form that had the focus.
	useEffect(() => heading.current?.focus(), [])
	return (
		<Stack gap="md">
			<Title order={3} size="h5" ref={heading} tabIndex={-1} className={classes.heading}>
				{t('security.recovery.title')}
			</Title>
			<Text>{t('security.recovery.text')}</Text>
			<ul className={classes.codes} dir="ltr" aria-label={t('security.recovery.title')}>
				{codes.map(code => (
					<li key={code}>
						<Code fz="sm" data-testid="recovery-code">
							{code}
						</Code>
					</li>
				))}
			</ul>
			<Group>
				<Button component="a" href={file} download="liveslot-recovery-codes.txt" size="md" variant="default">
					{t('security.recovery.save')}
				</Button>
				<Button size="md" variant="default" onClick={() => clipboard.copy(codes.join('\n'))}>
					{t(clipboard.copied ? 'security.recovery.copied' : 'security.recovery.copy')}
				</Button>
			</Group>
			<Button size="md" onClick={onDone}>
				{t('security.recovery.done')}
			</Button>
		</Stack>
	)
}
