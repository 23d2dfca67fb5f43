import { useLocalStorage } from '@mantine/hooks'

type Pressed = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey'>

const withModifier = ({ ctrlKey, metaKey, altKey }: Pressed) => ctrlKey || metaKey || altKey

/** Whether this letter's key was pressed; on a keyboard without Latin letters, the key in its place. */
export const isLetter = (event: Pressed, letter: string): boolean => {
	if (withModifier(event)) return false
	if (event.key.toLowerCase() === letter) return true
	return event.key.length === 1 && event.key > '\u007f' && event.code === `Key${letter.toUpperCase()}`
}

export const isSlash = (event: Pressed): boolean =>
	!withModifier(event) && (event.key === '/' || (event.code === 'Slash' && event.key > '\u007f' && event.key !== '؟'))

export const isQuestionMark = (event: Pressed): boolean => !withModifier(event) && (event.key === '?' || event.key === '؟')

export const isTyping = (target: EventTarget | null): boolean =>
	target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))

/** Single-character shortcuts can be switched off, as WCAG 2.1.4 asks: speech input types them by accident. */
export const useCharacterKeys = () =>
	useLocalStorage({ key: 'liveslot-desk-character-keys', defaultValue: true, getInitialValueInEffect: false })
