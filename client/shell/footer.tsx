import { Anchor } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { useClinic } from '../api/clinic.ts'
import { CallClinic } from './call-clinic.tsx'
import classes from './layout.module.css'

/** Who the clinic is, on every page that patients see. */
export const Footer = () => {
	const { t } = useTranslation()
	const clinic = useClinic()
	if (!clinic) return null
	return (
		<footer className={classes.footer}>
			<span>
				<Anchor component={Link} to="/clinic" inherit underline="always">
					<bdi>{clinic.name}</bdi>
				</Anchor>
			</span>
			<CallClinic />
			{clinic.imprintUrl && (
				<Anchor href={clinic.imprintUrl} inherit underline="always">
					{t('faces.imprint')}
				</Anchor>
			)}
			{clinic.privacyUrl && (
				<Anchor href={clinic.privacyUrl} inherit underline="always">
					{t('faces.privacy')}
				</Anchor>
			)}
		</footer>
	)
}
