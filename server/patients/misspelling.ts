/** Whether a name, or its beginning, is a slip of the keys away from what was typed: two from seven letters on. */
export function isNear(typed: string, name: string): boolean {
	const word = roughly(typed)
	const allowed = word.length < 7 ? 1 : 2
	if (name.length < word.length - allowed) return false
	const beginnings = [name, ...[-1, 0, 1].map(more => name.slice(0, word.length + more))]
	return beginnings.some(beginning => slipsBetween(word, beginning) <= allowed)
}

/** Without case and accents, much as the database folds names. */
export function roughly(text: string): string {
	return text
		.normalize('NFKD')
		.replace(/[\p{M}'’ʼ`]/gu, '')
		.toLowerCase()
		.replaceAll('ß', 'ss')
		.replaceAll('ø', 'o')
}

/** Letters left out, added, mistaken, or exchanged with their neighbour (optimal string alignment). */
function slipsBetween(one: string, other: string): number {
	let beforeLast: number[] = []
	let last = Array.from({ length: other.length + 1 }, (_, at) => at)
	for (let row = 1; row <= one.length; row++) {
		const current = [row]
		for (let at = 1; at <= other.length; at++) {
			const isSame = one[row - 1] === other[at - 1]
			let slips = Math.min((last[at] ?? 0) + 1, (current[at - 1] ?? 0) + 1, (last[at - 1] ?? 0) + (isSame ? 0 : 1))
			const isExchanged = row > 1 && at > 1 && one[row - 1] === other[at - 2] && one[row - 2] === other[at - 1]
			if (isExchanged) slips = Math.min(slips, (beforeLast[at - 2] ?? 0) + 1)
			current.push(slips)
		}
		beforeLast = last
		last = current
	}
	return last[other.length] ?? 0
}
