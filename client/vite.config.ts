import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const server = process.env.LIVESLOT_URL ?? 'http://localhost:3000'

export default defineConfig({
	root: fileURLToPath(new URL('.', import.meta.url)),
	plugins: [react()],
	css: { postcss: { plugins: [(await import('postcss-preset-mantine')).default()] } },
	// See the file: the calendar's library asks for an export that only another form of this package has.
	resolve: { alias: [{ find: /^rrule$/, replacement: fileURLToPath(new URL('./rrule.ts', import.meta.url)) }] },
	build: {
		outDir: fileURLToPath(new URL('../dist/client', import.meta.url)),
		emptyOutDir: true,
		target: 'es2022',
		manifest: true,
		// test/e2e/budgets.test.ts limits what a page asks for, compressed.
		chunkSizeWarningLimit: 700,
		rolldownOptions: {
			output: {
				// Groups may need one another's parts: what is used while a file is read must have been read before.
				strictExecutionOrder: true,
				chunkFileNames: ({ name }) => `assets/${name.replace(/~.*/, '')}-[hash].js`,
				codeSplitting: {
					groups: [
						// Larger merges make files that import each other in a circle, which fails when a page is opened (test/client/parts.test.ts).
						// A request costs a phone more than a kilobyte: what every page needs comes in one file, and what screens share in few.
						{ name: 'initial', tags: ['$initial'], priority: 1 },
						{ name: 'shared', minShareCount: 2, entriesAware: true, entriesAwareMergeThreshold: 12_000 },
					],
				},
			},
		},
	},
	// `npx vite client` serves the sources with hot replacement, beside a running server.
	// The host stays the page's own: the server lets a session be renewed only from a page of its own.
	server: { proxy: { '/api/v1': { target: server, changeOrigin: false }, '/socket.io': { target: server, ws: true } } },
})
