import { Button, Container, Stack, Title } from '@mantine/core'
import { Component, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { reloadWhenServed } from './reload.ts'

const Crashed = () => {
	const { t } = useTranslation()
	return (
		<Container size="xs" py="xl" role="alert">
			<Stack align="center">
				<Title order={1} size="h3">
					{t('app.crashed')}
				</Title>
				<Button onClick={() => void reloadWhenServed()}>{t('app.reload')}</Button>
			</Stack>
		</Container>
	)
}

/** A mistake of ours, or a part of the page that could not be fetched, shows a way on instead of a blank page. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
	override state = { failed: false }

	static getDerivedStateFromError() {
		return { failed: true }
	}

	override render() {
		return this.state.failed ? <Crashed /> : this.props.children
	}
}
