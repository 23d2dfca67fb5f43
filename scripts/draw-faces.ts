/// <reference lib="dom" />
// Draws the faces of the demo's doctors and its logo, which db/seeds reads: npx tsx scripts/draw-faces.ts
// They are drawn here from a few shapes and show no real person, so they are under the project's own licence.
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

type Face = {
	skin: string
	hair: string
	back: string
	coat: string
	style: 'bob' | 'short' | 'bun' | 'long' | 'curls' | 'bald' | 'waves' | 'parted'
	beard?: boolean
	glasses?: boolean
	grey?: boolean
	lips?: string
}

const faces: Record<string, Face> = {
	doctor: { skin: '#f1c9a8', hair: '#8a5a2b', back: '#d7e8f5', coat: '#ffffff', style: 'bob', glasses: true, lips: '#c4635a' },
	'marcus.okafor': { skin: '#7a4a2e', hair: '#1f1a17', back: '#f4e3c3', coat: '#ffffff', style: 'short', beard: true },
	'priya.raman': { skin: '#b9794f', hair: '#1d1512', back: '#f6d9e0', coat: '#4f8f86', style: 'long', lips: '#a8453f' },
	'isla.mckenzie': { skin: '#f7d7c4', hair: '#c0572b', back: '#d9efe0', coat: '#ffffff', style: 'waves', lips: '#c96a63' },
	'rafael.lima': { skin: '#d3a077', hair: '#2d2019', back: '#e4dcf3', coat: '#3f6ea8', style: 'parted', beard: true },
	'meiling.chen': { skin: '#f0cfae', hair: '#15110f', back: '#fbe6cf', coat: '#ffffff', style: 'bun', glasses: true, lips: '#bf5a56' },
	'yusuf.demir': { skin: '#ddb08a', hair: '#5d5a58', back: '#d5e5ea', coat: '#ffffff', style: 'bald', beard: true, grey: true },
	'sofia.hartmann': { skin: '#f4cfb3', hair: '#d9b35f', back: '#f3dcd0', coat: '#7a5c92', style: 'long', lips: '#bb5a55' },
	'arjun.mehta': { skin: '#a96c45', hair: '#191311', back: '#dbe7d3', coat: '#ffffff', style: 'short', glasses: true },
	'camila.duarte': { skin: '#c48e65', hair: '#2a1a14', back: '#f5e2ee', coat: '#b5563f', style: 'curls', lips: '#9e3f3a' },
}

const ellipse = (x: number, y: number, rx: number, ry: number, fill: string) =>
	`<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}" fill="${fill}"/>`
const path = (d: string, fill: string) => `<path d="${d}" fill="${fill}"/>`
const line = (d: string, stroke: string, width: number) =>
	`<path d="${d}" fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linecap="round"/>`

/** What lies behind the head, and what lies on it. */
const hairOf = ({ style, hair }: Face): [behind: string, above: string] => {
	const cap = path('M72 118 C64 56 100 38 128 38 C158 38 192 56 184 118 C178 88 164 78 128 78 C94 78 80 90 72 118Z', hair)
	switch (style) {
		case 'short':
			return ['', path('M76 104 C70 56 102 42 128 42 C156 42 186 56 180 104 C174 82 162 74 128 72 C96 74 82 82 76 104Z', hair)]
		case 'parted':
			return ['', path('M74 110 C66 54 104 36 136 40 C168 44 188 66 182 110 C176 84 160 76 150 72 C120 86 90 80 74 110Z', hair)]
		case 'bald':
			return ['', path('M73 118 C70 96 74 84 78 80 C80 96 78 106 79 122Z M183 118 C186 96 182 84 178 80 C176 96 178 106 177 122Z', hair)]
		case 'bob':
			return [path('M66 170 C48 60 96 32 128 32 C162 32 208 60 190 170 C170 182 86 182 66 170Z', hair), cap]
		case 'long':
			return [path('M62 220 C44 70 92 30 128 30 C166 30 212 70 194 220 C170 232 86 232 62 220Z', hair), cap]
		case 'waves':
			return [
				path(
					'M60 196 C36 150 66 120 62 96 C68 50 100 30 128 30 C158 30 190 50 194 96 C190 120 222 150 196 196 C180 210 76 210 60 196Z',
					hair,
				),
				path('M72 118 C62 58 100 36 128 38 C166 38 194 62 184 118 C180 92 166 70 120 72 C100 84 82 92 72 118Z', hair),
			]
		case 'bun':
			return [ellipse(128, 36, 30, 24, hair), cap]
		case 'curls': {
			const curls = [70, 84, 104, 128, 152, 172, 186].map((x, i) => ellipse(x, 74 - Math.sin((i / 6) * Math.PI) * 36, 26, 26, hair))
			const sides = [100, 124, 148].flatMap(y => [ellipse(64, y, 22, 22, hair), ellipse(192, y, 22, 22, hair)])
			return [[...curls, ...sides].join(''), cap]
		}
	}
}

const draw = (face: Face): string => {
	const { skin, hair, back, coat, beard, glasses, lips = '#8f4b40' } = face
	const [behind, above] = hairOf(face)
	const dark = 'rgba(40,20,10,.16)'
	const eyes = [108, 148].map(x => ellipse(x, 124, 5.5, 6.5, '#2b211d') + ellipse(x + 2, 122, 1.6, 1.8, '#ffffff')).join('')
	const brows = line('M97 108 Q108 102 118 107', hair, 4) + line('M138 107 Q148 102 159 108', hair, 4)
	const frame = 'fill="none" stroke="#3b4652" stroke-width="3.5"'
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 256" width="256" height="256">
		<rect width="256" height="256" fill="${back}"/>${behind}
		${path('M22 262 C24 206 70 190 104 184 L152 184 C186 190 232 206 234 262Z', coat)}
		${path('M104 182 L128 226 L152 182Z', '#e9eef2')}${path('M104 182 L128 226 L112 256 L84 190Z M152 182 L128 226 L144 256 L172 190Z', 'rgba(30,50,70,.12)')}
		${path('M106 160 L106 190 Q128 212 150 190 L150 160Z', skin)}${path('M106 170 Q128 190 150 170 L150 178 Q128 200 106 178Z', dark)}
		${ellipse(74, 126, 9, 13, skin)}${ellipse(182, 126, 9, 13, skin)}
		${path('M76 112 C76 70 104 54 128 54 C152 54 180 70 180 112 C180 152 158 180 128 180 C98 180 76 152 76 112Z', skin)}
		${beard ? path('M78 128 C80 168 102 186 128 186 C154 186 176 168 178 128 C172 142 162 146 152 146 Q128 138 104 146 C94 146 84 142 78 128Z', hair) : ''}
		${above}${brows}${eyes}${line('M127 128 Q122 140 130 142', 'rgba(60,30,20,.35)', 3)}
		${beard ? path('M112 154 Q128 166 144 154 Q128 158 112 154Z', '#f7f2ee') : line('M112 155 Q128 168 144 155', lips, 4.5)}
		${beard ? '' : ellipse(95, 144, 9, 6, 'rgba(220,90,80,.14)') + ellipse(161, 144, 9, 6, 'rgba(220,90,80,.14)')}
		${glasses ? `<rect x="92" y="112" width="32" height="25" rx="10" ${frame}/><rect x="132" y="112" width="32" height="25" rx="10" ${frame}/><path d="M124 122h8M92 120l-15-3M164 120l15-3" ${frame}/>` : ''}
	</svg>`
}

/** A meridian: a globe's line from pole to pole, with a place on it. */
const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 192 192" width="192" height="192">
	<rect width="192" height="192" rx="44" fill="#2456a6"/><g fill="none" stroke="#fff" stroke-width="9" stroke-linecap="round">
	<circle cx="96" cy="96" r="58"/><path d="M96 38c-34 34-34 82 0 116M96 38c34 34 34 82 0 116" stroke-width="6" opacity=".6"/><path d="M42 96h108" stroke-width="6" opacity=".6"/></g>
	<circle cx="96" cy="96" r="18" fill="#fff"/><path d="M96 88v16M88 96h16" stroke="#2456a6" stroke-width="5" stroke-linecap="round"/></svg>`

const folder = fileURLToPath(new URL('../db/seeds/faces/', import.meta.url))
mkdirSync(folder, { recursive: true })
const browser = await chromium.launch({
	executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
	args: ['--no-sandbox', '--disable-gpu'],
})
const page = await browser.newPage()
for (const [name, svg] of [...Object.entries(faces).map(([name, face]) => [name, draw(face)] as const), ['logo', logo] as const]) {
	const base64 = await page.evaluate(
		async ({ svg, type }) => {
			const image = new Image()
			image.src = `data:image/svg+xml;utf8,${encodeURIComponent(svg)}`
			await image.decode()
			const canvas = document.createElement('canvas')
			canvas.width = image.width
			canvas.height = image.height
			canvas.getContext('2d')?.drawImage(image, 0, 0)
			return canvas.toDataURL(type, 0.9).split(',')[1] ?? ''
		},
		{ svg, type: name === 'logo' ? 'image/png' : 'image/webp' },
	)
	writeFileSync(`${folder}${name}.${name === 'logo' ? 'png' : 'webp'}`, Buffer.from(base64, 'base64'))
}
await browser.close()
