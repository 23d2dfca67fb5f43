import { MantineProvider } from '@mantine/core'
import { type ReactNode, useEffect, useMemo } from 'react'
import { useClinic } from '../api/clinic.ts'
import { cssVariables, themeOf } from '../theme.ts'

/** The page in the clinic's colour. */
export const Appearance = ({ children }: { children: ReactNode }) => {
	const accent = useClinic()?.accent
	const theme = useMemo(() => themeOf(accent), [accent])
	useEffect(() => {
		const color = theme.colors?.teal?.[7]
		if (color) document.querySelector('meta[name="theme-color"]')?.setAttribute('content', color)
	}, [theme])
	return (
		<MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
			{children}
		</MantineProvider>
	)
}
