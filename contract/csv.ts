/** What a spreadsheet would take for a formula, full-width signs and leading blanks included (OWASP, “CSV Injection”). */
const looksLikeFormula = /^\s*[=+\-@\t\r＝＋－＠]/

const cell = (value: string | number | null): string => {
	if (value === null) return ''
	if (typeof value === 'number') return String(value)
	const harmless = looksLikeFormula.test(value) ? `'${value}` : value
	return `"${harmless.replaceAll('"', '""')}"`
}

/** RFC 4180, after a byte order mark that tells spreadsheets that this is UTF-8. */
export const toCsv = (header: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string =>
	`\uFEFF${[header, ...rows].map(row => `${row.map(cell).join(',')}\r\n`).join('')}`
