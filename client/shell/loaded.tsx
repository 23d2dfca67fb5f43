import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ErrorMessage } from './messages.tsx'
import { Skeletons } from './skeletons.tsx'

type LoadedProps<T> = {
	query: { data: T | undefined; error: unknown; refetch: () => unknown }
	/** Heights of the outline, in pixels. */
	outline: readonly number[]
	children: (data: T) => ReactNode
}

/** What a query brings: until then its outline, and what went wrong with a way to try again. */
export const Loaded = <T,>({ query, outline, children }: LoadedProps<T>) => {
	if (query.data !== undefined) return children(query.data)
	return query.error ? <ErrorMessage error={query.error} onRetry={() => void query.refetch()} /> : <Skeletons heights={outline} />
}

type MoreProps = { pages: { error: unknown; hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown } }

/** The end of a list that comes in pages. */
export const More = ({ pages }: MoreProps) => {
	const { t } = useTranslation()
	return (
		<>
			{pages.error !== null && <ErrorMessage error={pages.error} />}
			{pages.hasNextPage && (
				<Button
					variant="default"
					style={{ alignSelf: 'center' }}
					loading={pages.isFetchingNextPage}
					onClick={() => void pages.fetchNextPage()}
				>
					{t('app.more')}
				</Button>
			)}
		</>
	)
}
