import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { useSearchParams } from 'react-router'
import { ApiError, request } from '../api/http.ts'
import { ErrorMessage, useErrorText } from '../shell/messages.tsx'

/** Leads to the clinic's identity provider, where there is one; and says why the provider did not sign a person in. */
export function ProviderButton({ returnTo }: { returnTo: string | undefined }) {
	const { t } = useTranslation()
	const textOf = useErrorText()
	const [query] = useSearchParams()
	const { data: methods } = useQuery({
		queryKey: ['sign-in methods'],
		queryFn: () => request<{ provider: boolean }>('/auth/methods'),
		staleTime: Number.POSITIVE_INFINITY,
	})
	const problem = query.get('problem')
	if (!methods?.provider) return null
	return (
		<>
			{problem && (
				<ErrorMessage error={problem} text={t('account.providerRefused', { reason: textOf(new ApiError(problem as 'forbidden')) })} />
			)}
			<Button
				component="a"
				href={`/api/v1/auth/oidc/start${returnTo ? `?returnTo=${encodeURIComponent(returnTo)}` : ''}`}
				variant="default"
				size="md"
				fullWidth
			>
				<Text inherit>{t('account.withProvider')}</Text>
			</Button>
		</>
	)
}
