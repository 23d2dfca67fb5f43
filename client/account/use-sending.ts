import { type FormEvent, useState } from 'react'

/** Where a form is. One that is left as soon as it succeeded stays `sending` until then. */
export type Sending = { state: 'asking' } | { state: 'sending' } | { state: 'sent' } | { state: 'failed'; error: unknown }

type Fields = { complete: (form: HTMLFormElement) => boolean; refuse: (error: unknown) => void }

type Options = {
	/** The form stays on the screen after it was sent. */
	stays?: boolean
	/** Marks the fields that the server found fault with. */
	marks?: boolean
	/** Why the form is shown again. */
	failed?: unknown
}

/** Sends a form: once at a time, when every field is filled in as it should be, and with the reason when it fails. */
export function useSending(fields: Fields, send: () => Promise<unknown>, { stays = false, marks = false, failed }: Options = {}) {
	const [sending, setSending] = useState<Sending>(failed === undefined ? { state: 'asking' } : { state: 'failed', error: failed })

	const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
		event.preventDefault()
		if (sending.state === 'sending' || !fields.complete(event.currentTarget)) return
		setSending({ state: 'sending' })
		try {
			await send()
			if (stays) setSending({ state: 'sent' })
		} catch (error) {
			if (marks) fields.refuse(error)
			setSending({ state: 'failed', error })
		}
	}

	return {
		state: sending.state,
		isBusy: sending.state === 'sending',
		error: sending.state === 'failed' ? sending.error : undefined,
		/** For the `form` element: the fields are checked here, not by the browser. */
		form: { onSubmit, noValidate: true },
	}
}
