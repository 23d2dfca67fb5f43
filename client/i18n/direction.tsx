import { useDirection } from '@mantine/core'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { directionOf } from './index.ts'

/** Keeps Mantine's direction with the language's. */
export const LanguageDirection = () => {
	const { i18n } = useTranslation()
	const { setDirection } = useDirection()
	useEffect(() => setDirection(directionOf(i18n.language)), [i18n.language, setDirection])
	return null
}
