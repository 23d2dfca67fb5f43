import { Button, Card, Code, CopyButton, Group, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'

/** A secret that the server shows once. */
export const Secret = ({ title, secret, onDone }: { title: string; secret: string; onDone: () => void }) => {
	const { t } = useTranslation()
	return (
		<Card withBorder role="status" bg="var(--mantine-primary-color-light)">
			<Text fw={650} style={{ overflowWrap: 'anywhere' }}>
				<bdi>{title}</bdi>
			</Text>
			<Text>{t('doors.shownOnce')}</Text>
			<Code block dir="ltr" my="xs" data-testid="secret" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
				{secret}
			</Code>
			<Group gap="xs">
				<CopyButton value={secret}>
					{({ copied, copy }) => (
						<Button variant="default" onClick={copy}>
							{t(copied ? 'doors.copied' : 'doors.copy')}
						</Button>
					)}
				</CopyButton>
				<Button variant="default" onClick={onDone}>
					{t('doors.kept')}
				</Button>
			</Group>
		</Card>
	)
}
