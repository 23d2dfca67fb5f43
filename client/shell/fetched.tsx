import { Container } from '@mantine/core'
import { type ComponentType, lazy, type ReactNode } from 'react'
import { ApiError } from '../api/http.ts'
import { ErrorMessage } from './messages.tsx'
import { reloadWhenServed } from './reload.ts'

const NotFetched = () => (
	<Container size="md" py="md">
		<ErrorMessage error={new ApiError('unreachable')} onRetry={reloadWhenServed} />
	</Container>
)

/** A part of the page that is fetched when it is first shown. Where that fails it says so, and the rest of the page stays. */
export const fetched = <P extends object>(load: () => Promise<{ default: (props: P) => ReactNode }>) =>
	lazy(async (): Promise<{ default: ComponentType<P> }> => {
		try {
			return await load()
		} catch {
			return { default: NotFetched }
		}
	})
