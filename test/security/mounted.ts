import { Router } from 'express'
import { Socket } from 'socket.io'
import type { TestNode } from '../support/node.ts'

type Handler = { stack?: unknown; name?: string }
type Mounted = { routes: { path: string; methods: Record<string, boolean> }[]; parts: { path: string; handler: Handler }[] }
type Prototype = { route(path: string): { methods: Record<string, boolean> }; use(...args: unknown[]): unknown }

/** Records all routes that Express receives from now on, so that a test can list the calls as the server mounts them. */
const recordMounts = () => {
	const prototype = Router.prototype as Prototype
	const { route, use } = prototype
	const known = new Map<object, Mounted>()
	const of = (router: object): Mounted => {
		const mounted = known.get(router) ?? { routes: [], parts: [] }
		known.set(router, mounted)
		return mounted
	}
	prototype.route = function (this: object, path: string) {
		const made = route.call(this as Prototype, path)
		of(this).routes.push({ path, methods: made.methods })
		return made
	}
	prototype.use = function (this: object, ...args: unknown[]) {
		const path = typeof args[0] === 'string' ? args[0] : '/'
		for (const handler of args.flat()) if (typeof handler === 'function') of(this).parts.push({ path, handler })
		return use.apply(this as Prototype, args)
	}

	const below = function* (router: object, prefix: string): Generator<string> {
		const { routes, parts } = of(router)
		for (const { path, methods } of routes)
			for (const method of Object.keys(methods)) yield `${method.toUpperCase()} ${prefix}${path === '/' && prefix ? '' : path}`
		for (const { path, handler } of parts) {
			const at = prefix + (path === '/' ? '' : path)
			if (known.has(handler)) yield* below(handler, at)
			// A handler below an address, such as that of files. A handler without an address is a step of all requests.
			else if (path !== '/') yield `ALL ${at}/…`
		}
	}

	return {
		/** All answered calls, such as `GET /api/v1/doctors/:id`. */
		calls: (): string[] => {
			const inner = new Set([...known.values()].flatMap(({ parts }) => parts.map(({ handler }) => handler as object)))
			const outer = [...known.keys()].filter(router => !inner.has(router))
			return [...new Set(outer.flatMap(router => [...below(router, '')]))].sort()
		},
		stop: () => Object.assign(prototype, { route, use }),
	}
}

/** Records the events that the server listens to on its sockets. `*` is the listener of all events. */
const recordListeners = () => {
	const prototype = Socket.prototype as unknown as Record<'on' | 'once' | 'onAny', (...args: unknown[]) => unknown>
	const { on, once, onAny } = prototype
	const heard = new Set<string>()
	const noting = (listen: typeof on) =>
		function (this: Socket, ...args: unknown[]) {
			heard.add(String(args[0]))
			return listen.apply(this, args)
		}
	Object.assign(prototype, { on: noting(on), once: noting(once) })
	prototype.onAny = function (this: Socket, ...args: unknown[]) {
		heard.add('*')
		return onAny.apply(this, args)
	}
	return { heard: () => [...heard].sort(), stop: () => Object.assign(prototype, { on, once, onAny }) }
}

/** Lists the calls and events of the node that the same `describe` starts next. */
export const useMounts = (start: () => TestNode): { node: TestNode; calls: () => string[]; events: () => string[] } => {
	let mounts: ReturnType<typeof recordMounts> | undefined
	let listeners: ReturnType<typeof recordListeners> | undefined
	before(() => {
		mounts = recordMounts()
		listeners = recordListeners()
	})
	const node = start()
	before(() => void mounts?.stop())
	after(() => void listeners?.stop())
	return { node, calls: () => mounts?.calls() ?? [], events: () => listeners?.heard() ?? [] }
}
