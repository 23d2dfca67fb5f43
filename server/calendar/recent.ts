/** Not for longer: what time alone changes, such as a slot that begins or a hold that runs out, has no version. */
const recentMs = 500

type Entry<T> = { version: number; value: Promise<T> }

/**
 * Remembers for a moment what was read at a version, for others who want the same at the same version. The version must be
 * read before the value: then the value has every change up to it, whoever asks.
 */
export const createRecent = <T>() => {
	const entries = new Map<string, Entry<T>>()

	const forget = (key: string, entry: Entry<T>) => {
		if (entries.get(key) === entry) entries.delete(key)
	}

	return {
		get(key: string, version: number, read: () => Promise<T>): Promise<T> {
			const known = entries.get(key)
			if (known?.version === version) return known.value
			const entry = { version, value: read() }
			entries.set(key, entry)
			entry.value.catch(() => forget(key, entry))
			setTimeout(forget, recentMs, key, entry).unref()
			return entry.value
		},
	}
}
