/**
 * Ten shades of a clinic's accent, from light to dark. Each is as light as the shade of the product's own teal in its place: what is
 * readable in teal is readable in every accent, however pale or dark the clinic chose it.
 */
export function shadesOf(accent: string): string[] {
	const { hue, saturation } = hueOf(accent)
	return teal.map(shade => withLuminance(hue, saturation, luminanceOf(shade)))
}

/** Its darker half keeps a contrast of at least 4.5 to 1 with white. */
export const teal = ['#e3fafc', '#c5f6fa', '#99e9f2', '#66d9e8', '#3bc9db', '#1098ad', '#0c8599', '#0b7285', '#085a6a', '#06434f'] as const

/** As in WCAG 2, between 0 and 1. */
export function luminanceOf(color: string): number {
	const [red = 0, green = 0, blue = 0] = channelsOf(color).map(value =>
		value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
	)
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const channelsOf = (color: string) => [1, 3, 5].map(at => Number.parseInt(color.slice(at, at + 2), 16) / 255)

function hueOf(color: string): { hue: number; saturation: number } {
	const [red = 0, green = 0, blue = 0] = channelsOf(color)
	const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)]
	const range = most - least
	if (range === 0) return { hue: 0, saturation: 0 }
	const hue = most === red ? ((green - blue) / range + 6) % 6 : most === green ? (blue - red) / range + 2 : (red - green) / range + 4
	return { hue: hue * 60, saturation: range / (1 - Math.abs(most + least - 1)) }
}

/** The lightness at which a hue is as bright as wanted, found by halving: brightness grows with lightness. */
function withLuminance(hue: number, saturation: number, wanted: number): string {
	let [low, high] = [0, 1]
	for (let step = 0; step < 20; step++) {
		const middle = (low + high) / 2
		if (luminanceOf(colorOf(hue, saturation, middle)) < wanted) low = middle
		else high = middle
	}
	// Never lighter than wanted where white letters stand on it, never darker where dark ones do.
	return colorOf(hue, saturation, wanted < 0.18 ? low : high)
}

function colorOf(hue: number, saturation: number, lightness: number): string {
	const spread = saturation * Math.min(lightness, 1 - lightness)
	const channel = (n: number) => {
		const k = (n + hue / 30) % 12
		return Math.round(255 * (lightness - spread * Math.max(-1, Math.min(k - 3, 9 - k, 1))))
	}
	return `#${[0, 8, 4].map(n => channel(n).toString(16).padStart(2, '0')).join('')}`
}
