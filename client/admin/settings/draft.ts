import { type ChangeEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../../api/http.ts'

type TextChange = ChangeEvent<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>

/** What a form holds before it is saved. */
export const useDraft = <D extends object>(first: D) => {
	const [draft, setDraft] = useState(first)
	const set = (changes: Partial<D>) => setDraft(before => ({ ...before, ...changes }))
	return {
		draft,
		set,
		/** For a field of text. */
		text: (name: keyof D & string) => ({
			name: name as string,
			value: draft[name] as string,
			onChange: (event: TextChange) => {
				const { value } = event.currentTarget
				set({ [name]: value } as Partial<D>)
			},
		}),
	}
}

/** The fields that differ, as PATCH takes them: what is left out stays, null removes. */
export const changesOf = (before: object, after: object): Record<string, unknown> => {
	const [old, now] = [before, after] as Record<string, unknown>[]
	const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
	const changed = names.filter(name => JSON.stringify(old?.[name]) !== JSON.stringify(now?.[name]))
	return Object.fromEntries(changed.map(name => [name, now?.[name] ?? null]))
}

/** What is left of a text without blanks around it; undefined for none. */
export const given = (text: string): string | undefined => text.trim() || undefined

/** The fields that the server found fault with, by the end of their path. */
export const useFaults = (error: unknown) => {
	const { t } = useTranslation()
	const paths = error instanceof ApiError ? (error.problem?.errors ?? []).map(({ path }) => path) : []
	return (name: string): string | undefined =>
		paths.some(path => path === name || path.endsWith(`.${name}`)) ? t('setup.check') : undefined
}
