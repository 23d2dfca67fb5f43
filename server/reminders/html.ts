import { shadesOf, teal } from '../../contract/accent.ts'
import { addressLines, telephoneLink } from '../../contract/address.ts'
import type { Language } from '../../contract/index.ts'
import { directionOf, wordsOf } from './texts.ts'
import type { ClinicFace } from './visit-face.ts'

/** HTML whose values are escaped. */
export type Html = { html: string }

const shared = `h1{font-size:1.4rem;line-height:1.3;margin:0 0 1rem}dd{margin:0 0 .75rem;font-weight:600}.small{font-size:.875rem}.logo{block-size:40px;vertical-align:middle}.button,button{display:inline-block;font:inherit;font-weight:600;padding:.6rem 1.1rem;border:0;border-radius:.5rem;text-decoration:none;cursor:pointer}`

/** Plain colours: mail programs know no custom properties, and darken letters themselves. */
const letterStyle = `body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f6f8;color:#1c2733}main{max-width:34rem;margin:0 auto;padding:2rem 1.25rem;background:#fff}${shared}dt,.small{color:#4a5a6a}.button,button{background:#0b7285;color:#fff}a{color:#0b7285}`

/** A whole letter for mail programs, with the clinic's head and foot, without scripts or foreign content. */
export function htmlLetter(language: Language, title: string, body: Html, { clinic, publicUrl }: Sender): string {
	const color = shadesOf(clinic.accent ?? teal[7])[7] as string
	const style = `${letterStyle}.button,button{background:${color}}a,.clinic{color:${color}}.clinic{font-weight:700;text-decoration:none}`
	const head = html`<p><a class="clinic" href="${publicUrl}">${logoOf(clinic, publicUrl)}${clinic.name}</a></p>`
	return documentOf(language, title, style, 'light', html`<main>${head}${body}${footOf(clinic, language)}</main>`)
}

type Sender = { clinic: ClinicFace; publicUrl: string }

const logoOf = ({ logoUrl }: ClinicFace, publicUrl = ''): Html =>
	logoUrl ? html`<img src="${publicUrl + logoUrl}" alt="" height="40" class="logo"> ` : html``

/** Who the clinic is and how to reach it. */
function footOf({ name, address, phone, privacyUrl, imprintUrl }: ClinicFace, language: Language): Html {
	const words = wordsOf(language)
	const parts = [
		html`<bdi>${[name, ...(address ? addressLines(address) : [])].join(', ')}</bdi>`,
		phone ? html`<a href="${telephoneLink(phone)}"><bdi>${phone}</bdi></a>` : undefined,
		imprintUrl ? html`<a href="${imprintUrl}">${words.imprint}</a>` : undefined,
		privacyUrl ? html`<a href="${privacyUrl}">${words.privacy}</a>` : undefined,
	].filter(part => part !== undefined)
	return html`<p class="small foot">${parts.map((part, index) => (index === 0 ? part : html` · ${part}`))}</p>`
}

/** Light or dark as the reader's device is, like the client; without scripts or foreign content. */
const pageStyle = `
:root{color-scheme:light dark;--back:#f1f4f6;--paper:#fff;--ink:#1c2733;--quiet:#4a5a6a;--line:#c4ced8;--main:#0b7285;--on-main:#fff;--link:#0b6b7d;--note:#e3f4f7;--wrong:#fdeced;--danger:#a3172a;--focus:#8a5a00}
@media (prefers-color-scheme:dark){:root{--back:#16191c;--paper:#202428;--ink:#e6eaee;--quiet:#b3bcc5;--line:#4a535c;--main:#3bc9db;--on-main:#06262c;--link:#66d9e8;--note:#123940;--wrong:#42191f;--danger:#ffa8b0;--focus:#f2c14e}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans Arabic",sans-serif;margin:0;background:var(--back);color:var(--ink)}
header{max-width:38rem;margin:0 auto;padding:1rem 1.25rem}
header a{display:inline-flex;align-items:center;gap:.5rem;min-height:2.75rem;font-weight:700;color:var(--ink);text-decoration:none}
footer{max-width:38rem;margin:0 auto 2rem;padding:0 1.25rem}
main{max-width:38rem;margin:0 auto 1rem;padding:1.5rem 1.25rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem}
.wide header,.wide main{max-width:56rem}
@media (max-width:40rem){main{border-inline:0;border-radius:0}}
${shared}
h2{font-size:1.1rem;margin:1.75rem 0 .5rem;padding-block-start:1.25rem;border-block-start:1px solid var(--line)}
p{margin:.5rem 0 1rem}
dt,.small{color:var(--quiet)}
a{color:var(--link)}
form{margin:1rem 0}
.button,button{min-height:2.75rem;background:var(--main);color:var(--on-main)}
button.second{background:transparent;color:var(--danger);border:2px solid currentColor}
@media (max-width:40rem){form button,.button{width:100%;text-align:center}}
:is(button,a,input,iframe,pre):focus-visible{outline:3px solid var(--focus);outline-offset:2px}
fieldset{margin:0 0 1rem;padding:0;border:0}
legend{padding:0;margin-block-end:.5rem;color:var(--quiet)}
label{display:flex;gap:.75rem;align-items:center;min-height:2.75rem;padding:.4rem .75rem;border:1px solid var(--line);border-block-start-width:0}
legend+label{border-block-start-width:1px;border-start-start-radius:.5rem;border-start-end-radius:.5rem}
label:last-child{border-end-start-radius:.5rem;border-end-end-radius:.5rem}
label:has(:checked){background:var(--note)}
input[type=radio]{inline-size:1.2rem;block-size:1.2rem;margin:0;flex:none;accent-color:var(--main)}
.note{margin:0 0 1rem;padding:.75rem 1rem;background:var(--note);border-radius:.5rem;border-inline-start:4px solid var(--main)}
.wrong{background:var(--wrong);border-color:var(--danger)}
.way{display:inline-flex;align-items:center;min-height:2.75rem}
.mails{list-style:none;margin:0;padding:0}
.mails a{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 1rem;padding:.75rem 0;border-block-start:1px solid var(--line);color:var(--ink);text-decoration:none}
.mails a:hover .subject{text-decoration:underline}
.subject{grid-column:1/-1;font-weight:600}
.mails .small{overflow-wrap:anywhere}
@media (max-width:40rem){.mails a{grid-template-columns:minmax(0,1fr)}}
iframe{width:100%;height:36rem;border:1px solid var(--line);border-radius:.5rem;background:#f4f6f8;color-scheme:light}
pre{overflow:auto;margin:0;padding:.75rem 1rem;background:var(--back);border-radius:.5rem;font-size:.875rem}
.text{white-space:pre-wrap;overflow-wrap:anywhere}
`

/** A whole page for browsers. Without a clinic it is the product's own. */
export function htmlPage(language: Language, title: string, body: Html, { wide = false, clinic }: PageOptions = {}): string {
	const name = clinic?.name ?? 'Liveslot'
	const head = html`<header><a href="/">${clinic ? logoOf(clinic) : html``}${name}</a></header>`
	return documentOf(
		language,
		`${title} · ${name}`,
		pageStyle + accentStyle(clinic?.accent),
		'light dark',
		html`<div class="${wide ? 'wide' : ''}">${head}<main>${body}</main>${clinic ? html`<footer>${footOf(clinic, language)}</footer>` : html``}</div>`,
	)
}

type PageOptions = { wide?: boolean; clinic?: ClinicFace }

function accentStyle(accent: string | undefined): string {
	if (!accent) return ''
	const shades = shadesOf(accent)
	const dark = `--main:${shades[4]};--link:${shades[3]};--note:${shades[9]}`
	return `:root{--main:${shades[7]};--link:${shades[7]};--note:${shades[0]}}@media (prefers-color-scheme:dark){:root{${dark}}}`
}

/** A template tag that escapes its values, unless they are HTML themselves. */
export function html(parts: TemplateStringsArray, ...values: (string | Html | Html[])[]): Html {
	return raw(
		parts.reduce((text, part, index) => {
			const value = values[index - 1] as string | Html | Html[]
			const inserted =
				typeof value === 'string'
					? escapeHtml(value)
					: [value]
							.flat()
							.map(each => each.html)
							.join('')
			return text + inserted + part
		}),
	)
}

export const raw = (html: string): Html => ({ html })

/** Escapes text for HTML and its attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)

function documentOf(language: Language, title: string, style: string, scheme: string, body: Html): string {
	return html`<!doctype html><html lang="${language}" dir="${directionOf(language)}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="${scheme}"><meta name="robots" content="noindex"><title>${title}</title><style>${raw(style)}</style></head><body>${body}</body></html>`
		.html
}
