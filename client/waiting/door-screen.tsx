import { Button, Text, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { useParams } from 'react-router'
import { QrCode } from '../security/qr-code.tsx'
import classes from './waiting.module.css'

/** A page for paper, to hang at the door: its code opens the check-in of the site. */
export default function DoorScreen() {
	const { t } = useTranslation()
	const { siteId = '' } = useParams()
	const address = `${window.location.origin}/check-in?site=${encodeURIComponent(siteId)}`
	return (
		<main className={classes.door} data-testid="door">
			<title>{t('waiting.screens.door')}</title>
			<Title order={1}>{t('waiting.screens.doorTitle')}</Title>
			<Text size="xl">{t('waiting.screens.doorText')}</Text>
			<QrCode content={address} label={address} />
			<Text dir="ltr">{address}</Text>
			<Button className={classes.notOnPaper} onClick={() => window.print()}>
				{t('waiting.screens.print')}
			</Button>
		</main>
	)
}
