import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/http.ts'
import { ErrorMessage } from '../shell/messages.tsx'

/** Which of password and code was wrong, where both or either is asked for. */
export const ProofError = ({ error }: { error: unknown }) => {
	const { t } = useTranslation()
	const wrong = error instanceof ApiError && error.code === 'invalid_credentials' ? error : undefined
	const isCode = wrong?.problem?.errors?.some(({ path }) => path === 'code')
	return <ErrorMessage error={error} text={wrong && t(isCode ? 'account.wrongCode' : 'account.wrongPassword')} />
}
