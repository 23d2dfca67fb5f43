import type { Socket } from 'socket.io'
import {
	type BindPublicRoute,
	type BindRoute,
	publicRoute as bindPublicRoute,
	route as bindRoute,
	type Route as RouteOf,
} from '../platform/http/routes.ts'
import { callerOf } from '../platform/live/callers.ts'
import type { SocketContext as ContextOf, EventHandlers as HandlersOf } from '../platform/live/dispatch.ts'
import type { Actor } from './actor.ts'

// The platform's types and functions for calls and events, with the actor as the caller.

export type Route = RouteOf<Actor>
export const route: BindRoute<Actor> = bindRoute
export const publicRoute: BindPublicRoute<Actor> = bindPublicRoute

export type EventHandlers = HandlersOf<Actor>
export type SocketContext = ContextOf<Actor>
export function actorOf(socket: Socket): Actor | null {
	return callerOf<Actor>(socket)
}
