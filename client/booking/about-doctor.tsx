import { Text } from '@mantine/core'
import { IconLanguage, IconMapPin } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { addressLines, mapLink } from '../../contract/address.ts'
import type { Doctor } from '../../contract/index.ts'
import { useSites } from '../api/clinic.ts'
import classes from './booking.module.css'
import { useLanguageNames } from './doctor-face.tsx'
import { useWide } from './week-view.tsx'

/** What the doctor says of themselves, which languages they speak, and where they are. */
export const AboutDoctor = ({ doctor }: { doctor: Doctor }) => {
	const { t } = useTranslation()
	const wide = useWide()
	const { listOf } = useLanguageNames()
	const sites = useSitesOf(doctor)
	return (
		<div className={classes.about}>
			<ul className={classes.facts}>
				{sites.map(({ id, name, address }) => (
					<li key={id} className={classes.fact}>
						<IconMapPin size={18} aria-hidden />
						<span>
							<Link to={`/clinic#site-${id}`}>
								<bdi>{name}</bdi>
							</Link>
							{address && <bdi>{` · ${addressLines(address).join(', ')}`}</bdi>}
						</span>
					</li>
				))}
				{doctor.languages && (
					<li className={classes.fact}>
						<IconLanguage size={18} aria-hidden />
						<span>{t('faces.speaks', { languages: listOf(doctor.languages) })}</span>
					</li>
				)}
			</ul>
			{doctor.bio && (
				<details className={classes.bio} open={wide}>
					<summary>{t('faces.about', { doctor: doctor.fullName })}</summary>
					<Text dir="auto">{doctor.bio}</Text>
				</details>
			)}
		</div>
	)
}

/** Where a visit is, of a doctor who works at one place. */
export const VisitPlace = ({ doctor }: { doctor: Doctor }) => {
	const { t } = useTranslation()
	const [site, ...others] = useSitesOf(doctor)
	if (!site || others.length > 0) return null
	const { name, address } = site
	return (
		<div className={classes.facts}>
			<div className={classes.fact}>
				<IconMapPin size={18} aria-hidden />
				<span>
					<bdi>{[name, ...(address ? addressLines(address) : [])].join(', ')}</bdi>
					{address && (
						<>
							{' · '}
							<a href={mapLink(address)}>{t('faces.map')}</a>
						</>
					)}
				</span>
			</div>
		</div>
	)
}

export const useSitesOf = ({ siteIds }: Pick<Doctor, 'siteIds'>) => (useSites().data ?? []).filter(({ id }) => siteIds.includes(id))
