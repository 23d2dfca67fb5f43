/** Names one attempt; also where the page did not come over HTTPS, which `crypto.randomUUID` insists on. */
export const newKey = (): string =>
	Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('')
