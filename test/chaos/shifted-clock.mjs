// Loaded into a node first: shifts its clock by as many milliseconds as a file says.
import { readFileSync } from 'node:fs'

const now = Date.now
let shiftMs = 0
setInterval(() => {
	try {
		shiftMs = Number(readFileSync(process.env.CLOCK_FILE, 'utf8')) || 0
	} catch {}
}, 200).unref()
Date.now = () => now() + shiftMs
