/** Waits until the condition holds. The generous limit ends a test that would never pass. */
export const waitFor = async (condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 10_000): Promise<void> => {
	const deadline = Date.now() + timeoutMs
	while (!(await condition())) {
		if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`)
		await new Promise(resolve => setTimeout(resolve, 20))
	}
}
