import { useEffect, useRef, useState } from 'react'
import type { Slot } from '../../contract/index.ts'
import { serverNow } from '../api/http.ts'
import { addDays, dateIn } from '../i18n/format.ts'

export const shownDays = 7

const dayMs = 86_400_000
const minuteMs = 60_000

/** The first of the days that are shown together with `date`. They are counted from today, so no past day is among them. */
export const firstShown = (date: string, today: string): string => {
	const ahead = Math.max(0, Math.round((Date.parse(date) - Date.parse(today)) / dayMs)) || 0
	return addDays(today, Math.floor(ahead / shownDays) * shownDays)
}

const dateShape = /^\d{4}-\d{2}-\d{2}$/

/** The day an address asks for; today when it asks for none, for a past one, or for nonsense. */
export const dayAsked = (asked: string | null, today: string): string =>
	asked && dateShape.test(asked) && Number.isFinite(Date.parse(asked)) && asked > today ? asked : today

export type Part = 'morning' | 'afternoon' | 'evening'

export type Day = {
	date: string
	slots: readonly Slot[]
	/** Ids of free slots from which there is room for the appointment. */
	startable: ReadonlySet<string>
}

/** The free slots after which enough others are free for an appointment of so many minutes. */
export const startableSlots = (slots: readonly Slot[], minutes: number): Set<string> => {
	const hasRoom = (first: number): boolean => {
		const begin = Date.parse(slots[first]?.startsAt ?? '')
		let next = begin
		for (let index = first; next < begin + minutes * minuteMs; index++) {
			const slot = slots[index]
			if (slot?.state !== 'free' || Date.parse(slot.startsAt) !== next) return false
			next = Date.parse(slot.endsAt)
		}
		return true
	}
	return new Set(slots.filter((_, index) => hasRoom(index)).map(slot => slot.id))
}

const partOf = (hour: number): Part => (hour < 12 ? 'morning' : hour < 17 ? 'afternoon' : 'evening')

const createParts = (timeZone: string) => {
	const format = new Intl.DateTimeFormat('en', { timeZone, hour: 'numeric', hourCycle: 'h23' })
	const known = new Map<string, Part>()
	return (startsAt: string): Part => {
		let part = known.get(startsAt)
		if (!part) {
			part = partOf(Number(format.format(new Date(startsAt))))
			known.set(startsAt, part)
		}
		return part
	}
}

const partsIn = new Map<string, ReturnType<typeof createParts>>()

/** A day's slots by the part of the day they begin in, in the doctor's zone. */
export const partsOf = (slots: readonly Slot[], timeZone: string): { part: Part; slots: Slot[] }[] => {
	const partAt = partsIn.get(timeZone) ?? createParts(timeZone)
	partsIn.set(timeZone, partAt)
	const parts: { part: Part; slots: Slot[] }[] = []
	for (const slot of slots) {
		const part = partAt(slot.startsAt)
		const last = parts.at(-1)
		if (last?.part === part) last.slots.push(slot)
		else parts.push({ part, slots: [slot] })
	}
	return parts
}

const sameSlots = (a: readonly Slot[], b: readonly Slot[]) => a.length === b.length && a.every((slot, index) => slot === b[index])

/** Groups slots by day. A day in which nothing changed stays the same object, so that it is not drawn again. */
const createDays = (timeZone: string, minutes: number) => {
	const dates = new Map<string, string>()
	let before = new Map<string, Day>()

	const dateOf = (slot: Slot) => {
		let date = dates.get(slot.id)
		if (!date) {
			date = dateIn(slot.startsAt, timeZone)
			dates.set(slot.id, date)
		}
		return date
	}
	return (slots: ReadonlyMap<string, Slot>, from: string, nowMs: number): Day[] => {
		const now = new Date(nowMs).toISOString()
		const byDate = new Map<string, Slot[]>()
		for (let day = 0; day < shownDays; day++) byDate.set(addDays(from, day), [])
		for (const slot of slots.values()) if (slot.startsAt > now) byDate.get(dateOf(slot))?.push(slot)
		const days = [...byDate].map(([date, found]): Day => {
			found.sort((a, b) => (a.startsAt < b.startsAt ? -1 : 1))
			const known = before.get(date)
			return known && sameSlots(known.slots, found) ? known : { date, slots: found, startable: startableSlots(found, minutes) }
		})
		before = new Map(days.map(day => [day.date, day]))
		return days
	}
}

export const useDays = (slots: ReadonlyMap<string, Slot>, from: string, timeZone: string, minutes: number, nowMs: number): Day[] => {
	const grouping = useRef<{ timeZone: string; minutes: number; group: ReturnType<typeof createDays> }>(undefined)
	if (grouping.current?.timeZone !== timeZone || grouping.current.minutes !== minutes) {
		grouping.current = { timeZone, minutes, group: createDays(timeZone, minutes) }
	}
	return grouping.current.group(slots, from, nowMs)
}

/** The server's time, read at every full minute: slots begin on full minutes. */
export const useMinute = (): number => {
	const [now, setNow] = useState(serverNow)
	useEffect(() => {
		let timer: number
		const wait = () => {
			timer = window.setTimeout(
				() => {
					setNow(serverNow())
					wait()
				},
				minuteMs - (serverNow() % minuteMs) + 20,
			)
		}
		wait()
		return () => window.clearTimeout(timer)
	}, [])
	return now
}
