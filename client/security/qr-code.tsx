import { encode } from 'uqr'

/** Drawn here, because its content is a secret that no picture service may see. Black on white in both schemes, as cameras want it. */
export const QrCode = ({ content, label }: { content: string; label: string }) => {
	const { data, size } = encode(content, { ecc: 'M', border: 3 })
	const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
	return (
		<svg
			role="img"
			aria-label={label}
			viewBox={`0 0 ${size} ${size}`}
			shapeRendering="crispEdges"
			style={{ inlineSize: '100%', maxInlineSize: '15rem', background: '#fff', borderRadius: 8 }}
		>
			<path d={dark.join('')} fill="#000" />
		</svg>
	)
}
