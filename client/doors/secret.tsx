import { Alert, Button, Code, CopyButton, Group, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'

/** A secret that the server shows once. */
export const Secret = ({ title, secret, onDone }: { title: string; secret: string; onDone: () => void }) => {
	const { t } = useTranslation()
	return (
		<Alert color="teal" variant="light" title={title} role="status">
			<Text c="var(--mantine-color-text)">{t('doors.shownOnce')}</Text>
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
		</Alert>
	)
}
