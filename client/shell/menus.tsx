import { Menu } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useNavigate } from 'react-router'
import type { User } from '../../contract/index.ts'
import { useSession } from '../api/session.tsx'
import { type Language, languages, setLanguage } from '../i18n/index.ts'
import { AccountButton, LanguageButton } from './menu-buttons.tsx'

/** Takes the place of the button that fetched it: it takes the focus over, and opens. */
const useOpening = () => {
	const [opened, setOpened] = useState(false)
	const target = useRef<HTMLButtonElement>(null)
	useEffect(() => {
		target.current?.focus()
		setOpened(true)
	}, [])
	return { target, menu: { opened, onChange: setOpened } }
}

export const LanguageMenu = () => {
	const { i18n } = useTranslation()
	const { target, menu } = useOpening()
	return (
		<Menu position="bottom-end" {...menu}>
			<Menu.Target>
				<LanguageButton ref={target} />
			</Menu.Target>
			<Menu.Dropdown>
				{Object.entries(languages).map(([code, name]) => (
					<Menu.Item
						key={code}
						lang={code}
						mih={44}
						fw={i18n.language === code ? 700 : 400}
						aria-current={i18n.language === code || undefined}
						onClick={() => void setLanguage(code as Language).catch(() => {})}
					>
						{name}
					</Menu.Item>
				))}
			</Menu.Dropdown>
		</Menu>
	)
}

export const AccountMenu = ({ user }: { user: User }) => {
	const { t } = useTranslation()
	const { signOut } = useSession()
	const navigate = useNavigate()
	const { target, menu } = useOpening()
	return (
		<Menu position="bottom-end" {...menu}>
			<Menu.Target>
				<AccountButton user={user} ref={target} />
			</Menu.Target>
			<Menu.Dropdown>
				<Menu.Label>{`${user.fullName} · ${t(`role.${user.role}`)}`}</Menu.Label>
				<Menu.Item component={Link} to="/account" mih={44}>
					{t('nav.account')}
				</Menu.Item>
				<Menu.Item mih={44} onClick={() => void signOut(() => void navigate('/'))}>
					{t('account.signOut')}
				</Menu.Item>
			</Menu.Dropdown>
		</Menu>
	)
}
