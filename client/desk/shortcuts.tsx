import { Group, Kbd, Modal, Stack, Switch, Text } from '@mantine/core'
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './desk.module.css'
import { useCharacterKeys } from './keys.ts'

const groups = [
	{
		name: 'everywhere',
		keys: [
			[['/'], 'search'],
			[['F2'], 'line'],
			[['PageUp', 'PageDown'], 'day'],
			[['Esc'], 'back'],
			[['E'], 'earliest'],
			[['G'], 'goTo'],
			[['F'], 'fit'],
			[['?'], 'help'],
			[['Ctrl', '+', 'Z'], 'history.keys.undo'],
		],
	},
	{
		name: 'search',
		keys: [
			[['↑', '↓'], 'matches'],
			[['Enter'], 'choose'],
			[['↓'], 'toDay'],
		],
	},
	{
		name: 'day',
		keys: [
			[['↑', '↓'], 'times'],
			[['←', '→'], 'doctors'],
			[['Shift', '+', '↑ ↓ ← →'], 'skip'],
			[['Home', 'End'], 'ends'],
			[['T'], 'today'],
			[['H'], 'history.keys.history'],
			[['P'], 'patients.keys.card'],
			[['Enter'], 'open'],
		],
	},
	{
		name: 'appointment',
		keys: [
			[['C'], 'checkIn'],
			[['S'], 'start'],
			[['D'], 'complete'],
			[['N'], 'noShow'],
			[['B'], 'undo'],
			[['M'], 'move'],
			[['X'], 'cancel'],
		],
	},
] as const

export const ShortcutsList = ({ opened, onClose }: { opened: boolean; onClose: () => void }) => {
	const { t } = useTranslation()
	const [characterKeys, setCharacterKeys] = useCharacterKeys()
	return (
		<Modal.Root opened={opened} onClose={onClose} size="lg" data-testid="desk-shortcuts">
			<Modal.Overlay />
			<Modal.Content>
				{/* The header element would be a second banner of the page. */}
				<Group justify="space-between" px="md" pt="md">
					<Modal.Title>{t('desk.keys.title')}</Modal.Title>
					<Modal.CloseButton aria-label={t('app.close')} c="var(--mantine-color-text)" />
				</Group>
				<Modal.Body pt="xs">
					<Stack gap="md">
						{groups.map(({ name, keys }) => (
							<section key={name} aria-labelledby={`desk-keys-${name}`}>
								<Text component="h3" fw={650} size="sm" id={`desk-keys-${name}`}>
									{t(`desk.keys.group.${name}`)}
								</Text>
								<table className={classes.keys} aria-labelledby={`desk-keys-${name}`}>
									<tbody>
										{keys.map(([combination, what]) => (
											<tr key={what}>
												<th scope="row" dir="ltr">
													{combination.map((key, index) => (
														<Fragment key={key}>
															{index > 0 && ' '}
															{key === '+' ? '+' : <Kbd>{key}</Kbd>}
														</Fragment>
													))}
												</th>
												<td>{t(what.includes('.') ? what : [`desk.keys.${what}`, `board.keys.${what}`])}</td>
											</tr>
										))}
									</tbody>
								</table>
							</section>
						))}
						<Switch
							checked={characterKeys}
							onChange={event => setCharacterKeys(event.currentTarget.checked)}
							label={t('desk.keys.characterKeys')}
							description={t('desk.keys.characterKeysHint')}
						/>
					</Stack>
				</Modal.Body>
			</Modal.Content>
		</Modal.Root>
	)
}
