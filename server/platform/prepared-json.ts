/** JSON that is sent as it is: answers that are long and much asked for, and what many are told. */
export class PreparedJson {
	readonly text: string
	constructor(text: string) {
		this.text = text
	}
}
