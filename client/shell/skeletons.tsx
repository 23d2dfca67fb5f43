import { SimpleGrid, type SimpleGridProps, Skeleton, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/http.ts'
import { ErrorMessage, useWait } from './messages.tsx'
import { reloadWhenServed } from './reload.ts'

type Props = { heights: readonly number[]; cols?: SimpleGridProps['cols'] }

/** The outline of what is on its way, `heights` in pixels. Says after a while that it takes long, and gives up in the end. */
export const Skeletons = ({ heights, cols = 1 }: Props) => {
	const { t } = useTranslation()
	const wait = useWait()
	if (wait === 'too long') return <ErrorMessage error={new ApiError('unreachable')} onRetry={reloadWhenServed} />
	return (
		<Stack gap="xs" role="status" aria-label={t('app.loading')}>
			{wait === 'long' && <Text>{t('app.slow')}</Text>}
			<SimpleGrid cols={cols} spacing="xs" verticalSpacing="xs">
				{heights.map((height, index) => (
					// biome-ignore lint/suspicious/noArrayIndexKey: outlines have nothing else to be told apart by
					<Skeleton key={index} height={height} />
				))}
			</SimpleGrid>
		</Stack>
	)
}
