import { Paper, Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { Screen } from '../shell/layout.tsx'
import classes from './account.module.css'

/** A screen with one form on it. */
export const AccountCard = ({ title, children }: { title: string; children: ReactNode }) => (
	<div className={classes.card}>
		<Screen title={title}>
			<Paper withBorder p="lg" radius="lg" shadow="xs">
				<Stack gap="md">{children}</Stack>
			</Paper>
		</Screen>
	</div>
)
