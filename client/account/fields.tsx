import { PasswordInput, type PasswordInputProps, TextInput, type TextInputProps } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiError } from '../api/http.ts'
import classes from './account.module.css'

/** What is wrong with a field: a key below `account.check`. */
export type Check = 'required' | 'email' | 'password' | 'phone' | 'repeat' | 'invalid'

export const minPasswordLength = 10

const emailShape = /^[^\s@]+@[^\s@]+\.[^\s@]+$/
const phoneShape = /^\+?[0-9][0-9 ()./-]{3,30}$/

export const checks = {
	required: (value: string): Check | undefined => (value.trim() ? undefined : 'required'),
	email: (value: string): Check | undefined => (emailShape.test(value.trim()) ? undefined : value.trim() ? 'email' : 'required'),
	password: (value: string): Check | undefined => (value.length >= minPasswordLength ? undefined : value ? 'password' : 'required'),
	phone: (value: string): Check | undefined => (!value.trim() || phoneShape.test(value.trim()) ? undefined : 'phone'),
}

type Values = Record<string, string>

/**
 * A form's values and what is wrong with them. Nothing is complained about before the first try to send; then the first
 * wrong field gets the focus.
 */
export const useFields = <V extends Values>(first: V, check: (values: V) => Partial<Record<keyof V, Check | undefined>>) => {
	const { t } = useTranslation()
	const [values, setValues] = useState(first)
	const [tried, setTried] = useState(false)
	const [refused, setRefused] = useState<Partial<Record<keyof V, true>>>({})
	const found = check(values)

	const errorOf = (name: keyof V): string | undefined => {
		const wrong: Check | undefined = (tried ? found[name] : undefined) ?? (refused[name] ? 'invalid' : undefined)
		return wrong && t(`account.check.${wrong}`)
	}
	return {
		values,
		set: (changes: Partial<V>) => {
			setValues(before => ({ ...before, ...changes }))
			setRefused(before => Object.fromEntries(Object.entries(before).filter(([name]) => !(name in changes))) as typeof before)
		},
		bind: (name: keyof V & string) => ({
			name,
			value: values[name],
			error: errorOf(name),
			onChange: (event: { currentTarget: { value: string } }) => {
				const { value } = event.currentTarget
				setValues(before => ({ ...before, [name]: value }))
				setRefused(before => ({ ...before, [name]: undefined }))
			},
		}),
		/** Whether all is well; if not, the first field that is not has the focus afterwards. */
		complete: (form: HTMLFormElement): boolean => {
			setTried(true)
			const wrong = Object.keys(values).find(name => found[name])
			if (wrong) (form.elements.namedItem(wrong) as HTMLElement | null)?.focus()
			return !wrong
		},
		/** Marks the fields that the server did not like. */
		refuse: (error: unknown) => {
			const paths = error instanceof ApiError ? (error.problem?.errors ?? []).map(({ path }) => path) : []
			setRefused(Object.fromEntries(paths.map(path => [path.split('.').at(-1), true])) as Partial<Record<keyof V, true>>)
		},
		clear: () => {
			setValues(first)
			setTried(false)
		},
	}
}

export const TextField = (props: TextInputProps) => <TextInput size="md" classNames={{ input: classes.input ?? '' }} {...props} />

export const PasswordField = (props: PasswordInputProps) => {
	const { t } = useTranslation()
	return (
		<PasswordInput
			size="md"
			autoComplete="current-password"
			visibilityToggleButtonProps={{ 'aria-label': t('account.showPassword'), tabIndex: 0 }}
			classNames={{ visibilityToggle: classes.toggle ?? '' }}
			rightSectionWidth={44}
			{...props}
		/>
	)
}
