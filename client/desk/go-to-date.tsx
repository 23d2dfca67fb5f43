import { TextInput } from '@mantine/core'
import { type KeyboardEvent, type Ref, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { localeOf } from '../i18n/format.ts'
import { parseTypedDate } from './typed-date.ts'

type Props = {
	ref?: Ref<HTMLInputElement>
	label: string
	today: string
	onDate: (date: string) => void
	testId: string
	w?: number
}

/** A box for a date in few letters: “mon”, “+3w”, “12.3.”. Enter goes there. */
export const GoToDate = ({ ref, label, today, onDate, testId, w = 120 }: Props) => {
	const { t, i18n } = useTranslation()
	const [typed, setTyped] = useState('')
	const [isBad, setIsBad] = useState(false)
	const onKeyDown = (event: KeyboardEvent) => {
		if (event.key !== 'Enter' || event.nativeEvent.isComposing) return
		event.preventDefault()
		event.stopPropagation()
		const date = parseTypedDate(typed, { today, locale: localeOf(i18n.language) })
		setIsBad(date === undefined)
		if (date === undefined) return
		setTyped('')
		onDate(date)
	}
	return (
		<TextInput
			ref={ref}
			w={w}
			value={typed}
			onChange={event => {
				setTyped(event.currentTarget.value)
				setIsBad(false)
			}}
			onKeyDown={onKeyDown}
			aria-label={label}
			title={label}
			placeholder={t('board.datePlaceholder')}
			error={isBad ? t('board.dateBad') : undefined}
			autoComplete="off"
			spellCheck={false}
			maxLength={40}
			data-testid={testId}
		/>
	)
}
