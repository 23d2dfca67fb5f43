/** JSON that is sent as it is: a long answer that many ask for, or a message to many sockets. */
export class PreparedJson {
	readonly text: string
	constructor(text: string) {
		this.text = text
	}
	/** For an encoder that does not know prepared JSON. */
	toJSON(): unknown {
		return JSON.parse(this.text)
	}
}
