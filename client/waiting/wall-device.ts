import { useEffect, useRef, useState } from 'react'

/** Sounds when a call is new. A browser allows sound only after the screen was touched once. */
export function useCallSound(calls: readonly string[] | undefined): { needsTouch: boolean; allow: () => void } {
	const context = useRef<AudioContext | undefined>(undefined)
	const known = useRef<ReadonlySet<string> | undefined>(undefined)
	const [needsTouch, setNeedsTouch] = useState(false)
	const shown = calls?.join('|')

	useEffect(() => {
		const made = new AudioContext()
		context.current = made
		const look = () => setNeedsTouch(made.state !== 'running')
		look()
		made.addEventListener('statechange', look)
		return () => {
			made.removeEventListener('statechange', look)
			void made.close()
		}
	}, [])

	useEffect(() => {
		if (shown === undefined) return
		const now = new Set(shown.split('|').filter(Boolean))
		// What was called before the page was opened, or while it was not connected, is shown without a sound.
		const isNew = known.current && [...now].some(call => !known.current?.has(call))
		known.current = now
		if (isNew && context.current?.state === 'running') chime(context.current)
	}, [shown])

	return { needsTouch, allow: () => void context.current?.resume() }
}

function chime(context: AudioContext): void {
	for (const [index, frequency] of [784, 587].entries()) {
		const from = context.currentTime + index * 0.35
		const tone = context.createOscillator()
		const volume = context.createGain()
		tone.frequency.value = frequency
		volume.gain.setValueAtTime(0, from)
		volume.gain.linearRampToValueAtTime(0.5, from + 0.02)
		volume.gain.exponentialRampToValueAtTime(0.001, from + 0.9)
		tone.connect(volume).connect(context.destination)
		tone.start(from)
		tone.stop(from + 1)
	}
}

/** Keeps the screen from going dark, where the browser can. */
export function useAwake(): void {
	useEffect(() => {
		let lock: WakeLockSentinel | undefined
		let stopped = false
		const hold = async () => {
			if (stopped || document.visibilityState !== 'visible') return
			try {
				lock = await navigator.wakeLock?.request('screen')
			} catch {}
		}
		void hold()
		document.addEventListener('visibilitychange', hold)
		return () => {
			stopped = true
			document.removeEventListener('visibilitychange', hold)
			void lock?.release().catch(() => {})
		}
	}, [])
}
