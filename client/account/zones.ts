import { useMemo } from 'react'
import { viewerZone } from '../i18n/format.ts'

/** The browser's zones, and those that not every browser lists: UTC, and the one that is chosen already. */
export const useZones = (chosen?: string | null) =>
	useMemo(() => {
		const known = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : []
		return [...new Set([...known, viewerZone(), 'UTC', ...(chosen ? [chosen] : [])])]
			.sort()
			.map(zone => ({ value: zone, label: zone.replaceAll('_', ' ') }))
	}, [chosen])
