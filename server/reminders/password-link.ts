import type { Language } from '../../contract/index.ts'
import { html, htmlLetter } from './html.ts'
import type { Mail } from './mailer.ts'
import { fill, wordsOf } from './texts.ts'

export type PasswordLink = {
	to: Mail['to']
	link: string
	/** Of the clinic. */
	clinic: string
	language: Language
}

/** The letter with a link to set a new password, or the first one of an account that the clinic opened. */
export function passwordLinkMail(kind: 'reset' | 'invitation', { to, link, clinic, language }: PasswordLink): Mail {
	const words = wordsOf(language)
	const { button, ignore } = words[kind]
	const subject = fill(words[kind].subject, { clinic })
	const opening = fill(words[kind].opening, { clinic })
	const greeting = fill(words.greeting, { name: to.name })
	return {
		to,
		subject,
		text: [greeting, '', opening, '', link, '', ignore, ''].join('\n'),
		html: htmlLetter(
			language,
			subject,
			html`<p>${greeting}</p><h1>${subject}</h1><p>${opening}</p><p><a class="button" href="${link}">${button}</a></p><p class="small">${ignore}</p>`,
		),
	}
}
