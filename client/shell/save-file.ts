/** Hands a file to the browser as if it had been linked to. */
export const saveFile = (file: Blob, name: string) => {
	const address = URL.createObjectURL(file)
	const link = document.createElement('a')
	link.href = address
	link.download = name
	link.click()
	// Some browsers begin to read only after the click is through.
	setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
