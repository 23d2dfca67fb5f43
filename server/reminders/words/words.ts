import type { NotificationKind } from '../../../contract/index.ts'

/** The words of messages and of the pages behind their links. `{…}` is a placeholder. */
export type Words = {
	subject: Record<NotificationKind, string>
	opening: Record<NotificationKind, string>
	greeting: string
	doctor: string
	type: string
	when: string
	where: string
	price: string
	prepare: string
	directions: string
	map: string
	call: string
	privacy: string
	imprint: string
	open: string
	confirm: string
	cancel: string
	reschedule: string
	moreTimes: string
	noFreeTimes: string
	whyThis: string
	unsubscribe: string
	/** One line, for text messages and notifications. */
	short: Record<NotificationKind, string>
	page: {
		/** From an hour before the visit: to the page where its patient checks in. */
		here: string
		place: string
		title: string
		askUnsubscribe: string
		unsubscribed: string
		confirmed: string
		cancelled: string
		moved: string
		over: string
		expired: string
		tooLate: string
		taken: string
		busy: string
		askCancel: string
		chooseTime: string
		resubscribe: string
		resubscribed: string
		expiredTitle: string
		expiredHelp: string
		toVisits: string
		bookAgain: string
	}
	/** Of a time that the clinic keeps for a patient. */
	offer: {
		/** The opening when the doctor is away. */
		absence: string
		open: string
		title: string
		instead: string
		until: string
		accept: string
		decline: string
		accepted: string
		declined: string
		ended: string
	}
	channels: { email: string; sms: string; push: string }
	/** Letters with a link that sets a password. */
	reset: LinkLetter
	invitation: LinkLetter
	/** The letter with a code to sign in. */
	code: Omit<LinkLetter, 'button'>
}

type LinkLetter = { subject: string; opening: string; button: string; ignore: string }
