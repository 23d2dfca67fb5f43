/** What a page of the settings is told when the first run shows it. */
export type StepProps = {
	/** Nothing of it was set up yet. */
	isFirst?: boolean
	/** Where saving leads on. */
	onSaved?: (() => void) | undefined
}
