import { Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import type { Closure, ClosureInput, ClosurePreview } from '../../../contract/index.ts'
import { request } from '../../api/http.ts'
import { useFormat } from '../../i18n/format.ts'
import { Failure, Visits } from '../in-use.tsx'

/** What closures would close, before they are saved. */
export const ClosureEffects = ({ closures }: { closures: readonly ClosureInput[] }) => {
	const { t } = useTranslation()
	const format = useFormat()
	const preview = useQuery({
		queryKey: ['closure-preview', closures.map(({ from, to, siteId }) => [from, to, siteId])],
		queryFn: async ({ signal }) => {
			const ask = (body: ClosureInput) => request<ClosurePreview>('/closures/preview', { method: 'POST', body, signal })
			const effects = await Promise.all(closures.map(ask))
			return {
				removed: effects.reduce((sum, { removed }) => sum + removed, 0),
				conflicts: [...new Set(effects.flatMap(({ conflicts }) => conflicts))],
			}
		},
		gcTime: 0,
		retry: false,
	})
	if (preview.error) return <Failure error={preview.error} />
	if (!preview.data) return <Skeleton height={24} />
	const { removed, conflicts } = preview.data
	return (
		<Stack gap={4} data-testid="closure-effects">
			<Text fw={650}>{t('setup.closures.effects', { number: format.number(removed) })}</Text>
			{conflicts.length > 0 && (
				<>
					<Text fz="sm">{t('setup.closures.conflicts', { number: format.number(conflicts.length) })}</Text>
					<Visits ids={conflicts} />
				</>
			)}
		</Stack>
	)
}

/** A day or several, in words. */
export const useDays = () => {
	const format = useFormat()
	const day = (date: string) => `${format.dateWeekday(date)}, ${format.dateDay(date)} ${date.slice(0, 4)}`
	return ({ from, to }: Pick<Closure, 'from' | 'to'>) => (from === to ? day(from) : `${day(from)} – ${day(to)}`)
}
