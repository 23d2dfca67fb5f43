import type { Language } from '../../contract/index.ts'
import { html, htmlLetter } from './html.ts'
import type { Mail } from './mailer.ts'
import { fill, wordsOf } from './texts.ts'

/** The letter with a link to set a new password. */
export function passwordResetMail(to: Mail['to'], link: string, language: Language): Mail {
	const words = wordsOf(language)
	const { subject, opening, button, ignore } = words.reset
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
