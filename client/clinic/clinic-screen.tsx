import { Anchor, Button, Stack, Text } from '@mantine/core'
import { IconMail, IconMap, IconPhone, IconWorld, type TablerIcon } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useLocation } from 'react-router'
import { addressLines, mapLink, telephoneLink } from '../../contract/address.ts'
import type { Address, Clinic, Site } from '../../contract/index.ts'
import { clinicQuery, useSites } from '../api/clinic.ts'
import { isOtherZone } from '../booking/zones.ts'
import { useFormat } from '../i18n/format.ts'
import { Screen } from '../shell/layout.tsx'
import { Loaded } from '../shell/loaded.tsx'
import classes from './clinic.module.css'

/** Who the clinic is, and how to get there. */
export default function ClinicScreen() {
	const { t } = useTranslation()
	const clinic = useQuery(clinicQuery)
	const sites = useSites()
	const { hash } = useLocation()
	useEffect(() => {
		if (sites.data && hash) document.getElementById(hash.slice(1))?.scrollIntoView()
	}, [sites.data, hash])
	return (
		<Screen title={clinic.data?.name ?? t('faces.clinic')}>
			<Stack gap="lg">
				<Loaded query={clinic} outline={[24, 24]}>
					{about => <About clinic={about} />}
				</Loaded>
				<Loaded query={sites} outline={[160, 160]}>
					{found => (
						<ul className={classes.sites} aria-label={t('faces.sites')}>
							{found.map(site => (
								<SiteCard key={site.id} site={site} />
							))}
						</ul>
					)}
				</Loaded>
			</Stack>
		</Screen>
	)
}

const About = ({ clinic }: { clinic: Clinic }) => {
	const { t } = useTranslation()
	const { phone, email, website } = clinic
	return (
		<div className={classes.about}>
			{clinic.logoUrl && <img src={clinic.logoUrl} alt="" className={classes.logo} />}
			<ul className={classes.ways}>
				{phone && (
					<Way icon={IconPhone} href={telephoneLink(phone)}>
						{phone}
					</Way>
				)}
				{email && (
					<Way icon={IconMail} href={`mailto:${email}`}>
						{email}
					</Way>
				)}
				{website && (
					<Way icon={IconWorld} href={website}>
						{website.replace(/^https?:\/\/|\/$/g, '')}
					</Way>
				)}
			</ul>
			<Button component={Link} to="/" size="md">
				{t('nav.find')}
			</Button>
		</div>
	)
}

const Way = ({ icon: Icon, href, children }: { icon: TablerIcon; href: string; children: ReactNode }) => (
	<li>
		<Anchor href={href} className={classes.way}>
			<Icon size={18} aria-hidden />
			<bdi>{children}</bdi>
		</Anchor>
	</li>
)

const SiteCard = ({ site }: { site: Site }) => {
	const { t } = useTranslation()
	const format = useFormat(site.timeZone)
	const { id, name, address, phone, directions, timeZone } = site
	return (
		<li id={`site-${id}`} className={classes.site}>
			<h2 className={classes.name}>
				<bdi>{name}</bdi>
			</h2>
			{address && <AddressLines address={address} />}
			{directions && (
				<Text>
					<strong>{t('faces.directions')}:</strong> <bdi>{directions}</bdi>
				</Text>
			)}
			{isOtherZone(timeZone) && <Text className={classes.dim}>{t('booking.timesIn', { zone: format.zone(timeZone) })}</Text>}
			<ul className={classes.ways}>
				{phone && (
					<Way icon={IconPhone} href={telephoneLink(phone)}>
						{phone}
					</Way>
				)}
				{address && (
					<Way icon={IconMap} href={mapLink(address)}>
						{t('faces.map')}
					</Way>
				)}
			</ul>
			<Button component={Link} to={`/?site=${id}`} variant="light" size="md" className={classes.doctors}>
				{t('faces.doctorsHere', { site: name })}
			</Button>
		</li>
	)
}

const AddressLines = ({ address }: { address: Address }) => {
	const { i18n } = useTranslation()
	const country = new Intl.DisplayNames([i18n.language], { type: 'region' }).of(address.country)
	return (
		<address className={classes.address}>
			{addressLines(address, country).map(line => (
				<span key={line}>
					<bdi>{line}</bdi>
				</span>
			))}
		</address>
	)
}
