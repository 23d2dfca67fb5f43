import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import compression from 'compression'
import express, { type RequestHandler, Router } from 'express'

/**
 * Serves the web client: its files, and its page for every address that only the client knows.
 *
 * @param dress completes the page before it is sent
 */
export function clientFiles(dress: (page: string) => Promise<string> = async page => page): RequestHandler {
	const router = Router()
	const directory = findClient()
	if (!directory) {
		router.get(
			'/',
			(_req, res) => void res.type('text/plain').send('The web client is not built: npm run build. The API is described at /docs.'),
		)
		return router
	}
	const page = readFileSync(path.join(directory, 'index.html'), 'utf8')
	// The names of assets contain a hash of their content, so browsers keep them. Browsers ask for everything else each time.
	router.use('/assets', compressedAssets(path.join(directory, 'assets')))
	router.use(compression())
	router.use('/assets', express.static(path.join(directory, 'assets'), { immutable: true, maxAge: '365d', fallthrough: true }))
	router.use(
		express.static(directory, { index: false, cacheControl: false, setHeaders: res => res.setHeader('Cache-Control', 'no-cache') }),
	)
	router.get('/{*path}', async (req, res, next) => {
		if (req.path.startsWith('/api/') || req.path.startsWith('/assets/') || !req.accepts('html')) return next()
		res.setHeader('Cache-Control', 'no-cache')
		res.type('text/html').send(await dress(page))
	})
	return router
}

/** Finds the built client for the built server and for the sources. */
function findClient(): string | undefined {
	return ['../../../client', '../../../dist/client']
		.map(relative => fileURLToPath(new URL(`${relative}/`, import.meta.url)))
		.find(directory => existsSync(path.join(directory, 'index.html')) && existsSync(path.join(directory, 'assets')))
}

const extensions = { br: '.br', gzip: '.gz' } as const

/** Serves the files that the build compressed, to browsers that accept them. */
function compressedAssets(directory: string): RequestHandler {
	const files = new Set(readdirSync(directory))
	return (req, res, next) => {
		const name = req.path.slice(1)
		const encoding = req.acceptsEncodings(['br', 'gzip'])
		if (encoding !== 'br' && encoding !== 'gzip') return next()
		const file = name + extensions[encoding]
		if (!files.has(file)) return next()
		res.type(path.extname(name))
		res.setHeader('Content-Encoding', encoding)
		res.vary('Accept-Encoding')
		res.sendFile(file, { root: directory, immutable: true, maxAge: '365d' }, error => error && next(error))
	}
}
