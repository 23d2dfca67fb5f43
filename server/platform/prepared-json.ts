/** JSON that is sent unchanged: a long answer for many callers, or a message to many sockets. */
export class PreparedJson {
	readonly text: string
	constructor(text: string) {
		this.text = text
	}
	/** Serves encoders that do not know prepared JSON. */
	toJSON(): unknown {
		return JSON.parse(this.text)
	}
}
