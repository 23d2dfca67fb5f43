import { Button, type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'
import { shadesOf, teal } from '../contract/accent.ts'

/** Its darker end is dark enough for white letters. */
const red: MantineColorsTuple = [
	'#fff5f5',
	'#ffe3e3',
	'#ffc9c9',
	'#ffa8a8',
	'#ff8787',
	'#ff6b6b',
	'#e03131',
	'#c92a2a',
	'#b32424',
	'#9c1d1d',
]

const theme = createTheme({
	primaryColor: 'teal',
	colors: { red },
	primaryShade: 7,
	autoContrast: true,
	luminanceThreshold: 0.35,
	defaultRadius: 'md',
	cursorType: 'pointer',
	fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", sans-serif',
	headings: { fontWeight: '650' },
	respectReducedMotion: true,
	components: {
		// A dialog's head is not the page's.
		Modal: { defaultProps: { attributes: { header: { role: 'presentation' } } } },
		Drawer: { defaultProps: { attributes: { header: { role: 'presentation' } } } },
		// As high as a finger needs.
		Button: Button.extend({ vars: (_, { size }) => ({ root: size === 'md' ? { '--button-height': '44px' } : {} }) }),
	},
})

/** The clinic's accent takes the place of teal, which every style sheet names. */
export const themeOf = (accent: string | undefined) => ({
	...theme,
	colors: { ...theme.colors, teal: (accent ? shadesOf(accent) : teal) as unknown as MantineColorsTuple },
})

/** Mantine's quiet texts are too pale for WCAG's 4.5 to 1. */
export const cssVariables: CSSVariablesResolver = ({ colors }) => ({
	variables: {},
	light: {
		'--mantine-color-dimmed': colors.gray[7],
		'--mantine-color-placeholder': colors.gray[7],
		'--mantine-color-error': colors.red[9],
	},
	dark: { '--mantine-color-dimmed': colors.dark[1], '--mantine-color-placeholder': colors.dark[1], '--mantine-color-error': colors.red[3] },
})
