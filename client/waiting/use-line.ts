import { useEffect, useState } from 'react'
import type { LineEntry, RoomChanged } from '../../contract/index.ts'
import type { ApiError } from '../api/http.ts'
import { ask, socket } from '../api/socket.ts'

export type LineRequest = { doctorId?: string; siteId?: string; screenToken?: string; link?: string }

/** `live` only while every change arrives: a screen says so when it does not. */
export type LiveLine = { state: 'loading' | 'live' | 'stale' | 'refused'; entries: readonly LineEntry[]; error?: ApiError }

const empty: LiveLine = { state: 'loading', entries: [] }
const retryMs = 2000
/** As often is asked whether the connection still answers, because a network may go silent without a word. A wall has no reader who asks. */
const proveMs = { screen: 8000, page: 30_000 }
const answerMs = 5000

/** A line, as long as the page shows it. Undefined watches nothing. */
export function useLine(request: LineRequest | undefined): LiveLine {
	const [line, setLine] = useState(empty)
	const { doctorId, siteId, screenToken, link } = request ?? {}
	useEffect(() => {
		if (doctorId === undefined && siteId === undefined && link === undefined) return
		const wanted = {
			...(doctorId !== undefined && { doctorId }),
			...(siteId !== undefined && { siteId }),
			...(screenToken !== undefined && { screenToken }),
			...(link !== undefined && { link }),
		}
		const follower = followLine(wanted, setLine)
		return follower.stop
	}, [doctorId, siteId, screenToken, link])
	return request ? line : empty
}

function followLine(request: LineRequest, show: (line: LiveLine) => void): { stop: () => void } {
	let current = empty
	let version: number | undefined
	let room: LineRequest = {}
	let asking = false
	let timer: number | undefined
	let stopped = false

	const set = (next: Partial<LiveLine>) => {
		current = { ...current, ...next }
		if (!stopped) show(current)
	}
	const later = () => {
		window.clearTimeout(timer)
		if (!stopped) timer = window.setTimeout(() => void watch(), retryMs)
	}
	const watch = async () => {
		if (asking || stopped) return
		if (!socket.connected) return later()
		asking = true
		try {
			const { entries, ...snapshot } = await ask('room:watch', request, answerMs)
			version = snapshot.version
			room = snapshot
			set({ state: 'live', entries })
		} catch (error) {
			const { code } = error as ApiError
			const isRefused = code === 'unauthenticated' || code === 'forbidden' || code === 'not_found'
			set(isRefused ? { state: 'refused', entries: [], error: error as ApiError } : { state: 'stale' })
			if (!isRefused) later()
		} finally {
			asking = false
		}
	}
	const onChanged = (changed: RoomChanged) => {
		if (changed.doctorId !== room.doctorId || changed.siteId !== room.siteId || version === undefined) return
		// A change that the snapshot has already: another part of the page watches the same line.
		if (changed.toVersion <= version) return
		if (changed.fromVersion > version + 1) return void watch()
		version = changed.toVersion
		set({ state: 'live', entries: changed.entries })
	}
	const onConnect = () => void watch()
	const onDisconnect = () => set({ state: current.state === 'loading' ? 'loading' : 'stale' })
	socket.on('room:changed', onChanged)
	socket.on('connect', onConnect)
	socket.on('disconnect', onDisconnect)
	const every = request.screenToken === undefined ? proveMs.page : proveMs.screen
	const proving = window.setInterval(() => current.state !== 'refused' && void watch(), every)
	void watch()

	return {
		stop: () => {
			stopped = true
			window.clearTimeout(timer)
			window.clearInterval(proving)
			socket.off('room:changed', onChanged)
			socket.off('connect', onConnect)
			socket.off('disconnect', onDisconnect)
			if (socket.connected && room.doctorId !== undefined) void ask('room:unwatch', { doctorId: room.doctorId }).catch(() => {})
			if (socket.connected && room.siteId !== undefined) void ask('room:unwatch', { siteId: room.siteId }).catch(() => {})
		},
	}
}
