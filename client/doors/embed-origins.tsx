import { Button, Card, Code, Group, Stack, Text, Textarea, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Embed } from '../../contract/index.ts'
import { ApiError, request } from '../api/http.ts'
import { ErrorMessage, Loading } from '../shell/messages.tsx'

const queryKey = ['embed']

/** Which websites may show the booking page, and the line that they need. */
export function EmbedOrigins() {
	const { t } = useTranslation()
	const queries = useQueryClient()
	const embed = useQuery({ queryKey, queryFn: () => request<Embed>('/admin/embed') })
	const [typed, setTyped] = useState<string>()
	const save = useMutation({
		mutationFn: (origins: string[]) => request<Embed>('/admin/embed', { method: 'PUT', body: { origins } }),
		onSuccess: saved => {
			queries.setQueryData(queryKey, saved)
			setTyped(undefined)
		},
	})
	const text = typed ?? embed.data?.origins.join('\n') ?? ''
	const submit = (event: FormEvent) => {
		event.preventDefault()
		save.mutate(text.split(/\s+/).filter(Boolean))
	}
	const { error } = save
	const isMalformed = error instanceof ApiError && error.code === 'invalid_input'
	return (
		<section aria-labelledby="embed">
			<Stack>
				<Title order={2} id="embed">
					{t('doors.embed.title')}
				</Title>
				<Text>{t('doors.embed.about')}</Text>
				{embed.error && <ErrorMessage error={embed.error} />}
				{embed.isPending && <Loading onRetry={() => void embed.refetch()} />}
				{embed.data && (
					<Card withBorder component="form" onSubmit={submit}>
						<Stack>
							<Textarea
								label={t('doors.embed.origins')}
								description={t('doors.embed.hint')}
								dir="ltr"
								autosize
								minRows={2}
								value={text}
								onChange={event => setTyped(event.currentTarget.value)}
								error={isMalformed ? t('doors.embed.malformed') : undefined}
								data-testid="embed-origins"
							/>
							{error && !isMalformed && <ErrorMessage error={error} />}
							<Group>
								<Button type="submit" loading={save.isPending} disabled={typed === undefined} data-testid="save-origins">
									{t('doors.embed.save')}
								</Button>
							</Group>
							<Text>{t('doors.embed.line')}</Text>
							<Code block dir="ltr" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
								{`<script src="${window.location.origin}/embed.js"></script>`}
							</Code>
						</Stack>
					</Card>
				)}
			</Stack>
		</section>
	)
}
