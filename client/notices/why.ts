/** Why a message was not sent: a key below `notices.why`. An unknown reason is `other`. */
export type Why =
	| 'changed'
	| 'cancelled'
	| 'undone'
	| 'arrived'
	| 'begun'
	| 'quiet'
	| 'disabled'
	| 'unwanted'
	| 'noEmail'
	| 'noPhone'
	| 'noAccount'
	| 'noDevice'
	| 'badNumber'
	| 'badAddress'
	| 'blocked'
	| 'full'
	| 'busy'
	| 'account'
	| 'unreachable'
	| 'other'

/** In order: the first that matches speaks. Our own reasons come first, then what providers say. */
const reasons: readonly [RegExp, Why][] = [
	[/^the visit (has changed|was rescheduled)/, 'changed'],
	[/^the visit (was|is) cancelled/, 'cancelled'],
	[/^the change was undone/, 'undone'],
	[/^the visit has begun/, 'begun'],
	[/^the visit is /, 'arrived'],
	[/^quiet hours/, 'quiet'],
	[/^the account is disabled/, 'disabled'],
	[/does not want/, 'unwanted'],
	[/no e-mail address/, 'noEmail'],
	[/no phone number/, 'noPhone'],
	[/no account/, 'noAccount'],
	[/^no device/, 'noDevice'],
	// Twilio's codes, see https://www.twilio.com/docs/api/errors
	[/^not a phone number|\((21211|21214|21217|21219|21401|21407|21421|21614|30003|30005|30006)\)/, 'badNumber'],
	[/\((21610|30004)\)/, 'blocked'],
	[/Twilio: 429|push service: 429|\(20429\)/, 'busy'],
	[/Twilio: (401|403|404)|push service: (401|403)|\b535\b|EAUTH|Invalid login/i, 'account'],
	[/\b(452|552)\b|mailbox (is )?full|over quota|5\.2\.2|4\.2\.2/i, 'full'],
	[/^not an e-mail address|\b55[013]\b|5\.1\.[0-9]|user unknown|no such user/i, 'badAddress'],
	[/ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|EPIPE|no answer|did not answer|time(d )?out|connection|: 50[0-9]\b/i, 'unreachable'],
]

export const whyOf = (error: string): Why => reasons.find(([pattern]) => pattern.test(error))?.[1] ?? 'other'

/** Why a job failed: a key below `admin.jobs.why`. */
export type JobWhy = 'unreachable' | 'slow' | 'other'

export const jobWhyOf = (error: string): JobWhy => {
	if (/ECONN|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|terminat|shutting down|connection/i.test(error)) return 'unreachable'
	return /time(d )?out|too long|deadlock/i.test(error) ? 'slow' : 'other'
}

/** Whether it says more than our own words for it: then the provider's are shown as well. */
export const isFromProvider = (error: string): boolean =>
	['other', 'badNumber', 'badAddress', 'blocked', 'full', 'busy', 'account', 'unreachable'].includes(whyOf(error)) &&
	!error.startsWith('not a')
