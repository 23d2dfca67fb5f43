import { ActionIcon, Button, Text } from '@mantine/core'
import { IconLanguage, IconUser } from '@tabler/icons-react'
import type { ComponentPropsWithRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { User } from '../../contract/index.ts'

type ButtonProps = Omit<ComponentPropsWithRef<'button'>, 'style'>

export const LanguageButton = (props: ButtonProps) => {
	const { t } = useTranslation()
	return (
		<ActionIcon variant="subtle" size={44} aria-label={t('app.language')} aria-haspopup="menu" {...props}>
			<IconLanguage size={20} aria-hidden />
		</ActionIcon>
	)
}

export const AccountButton = ({ user, ...props }: ButtonProps & { user: User }) => {
	const { t } = useTranslation()
	return (
		<Button
			variant="subtle"
			size="md"
			px="sm"
			leftSection={<IconUser size={20} aria-hidden />}
			aria-label={`${t('nav.account')}: ${user.fullName}`}
			aria-haspopup="menu"
			{...props}
		>
			<Text visibleFrom="sm" span maw={160} truncate>
				{user.fullName}
			</Text>
		</Button>
	)
}
