import { createHash } from 'node:crypto'
import type { Response } from 'express'
import { Refusal } from '../platform/refusal.ts'

export type Picture = { bytes: Buffer; type: PictureType; version: string }
type PictureType = 'image/png' | 'image/jpeg' | 'image/webp'

/**
 * Takes what was uploaded for a picture, by its bytes alone, and leaves out what it tells beside what it shows: cameras write
 * down where a photo was taken, and these are public.
 *
 * @throws Refusal unsupported_picture for what is no PNG, JPEG or WebP picture of at most 4096 pixels either way
 */
export function readPicture(file: Buffer): Picture {
	let read: Pick<Picture, 'bytes' | 'type'> | undefined
	try {
		read = isPng(file) ? readPng(file) : isJpeg(file) ? readJpeg(file) : isWebp(file) ? readWebp(file) : undefined
	} catch (error) {
		// A length that points past the end.
		if (!(error instanceof RangeError)) throw error
	}
	if (!read) throw new Refusal('unsupported_picture')
	return { ...read, version: createHash('sha256').update(read.bytes).digest('base64url').slice(0, 16) }
}

/** Answers with a picture. Under the address that names its version browsers keep it for good, under any other they ask again. */
export function showPicture(res: Response, picture: Picture | undefined, version: string | undefined): Buffer {
	if (!picture) throw new Refusal('not_found')
	res.setHeader('Content-Type', picture.type)
	res.setHeader('Cache-Control', version === picture.version ? 'public, max-age=31536000, immutable' : 'no-cache')
	// Letters and the clinic's own web site show it, too.
	res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin')
	return picture.bytes
}

/** A few hundred kilobytes may claim to be larger than any browser can show. */
const maxPixels = 4096

const isSized = (width: number, height: number) => width >= 1 && height >= 1 && width <= maxPixels && height <= maxPixels

const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const isPng = (file: Buffer) => file.subarray(0, 8).equals(pngSignature)

/** Chunks as in https://www.w3.org/TR/png-3/#5Chunk-layout: length, name, content, checksum. */
function readPng(file: Buffer) {
	const kept: Buffer[] = [pngSignature]
	let hasPixels = false
	for (let at = 8, name = ''; name !== 'IEND'; ) {
		const end = at + 12 + file.readUInt32BE(at)
		name = file.toString('latin1', at + 4, at + 8)
		if (end > file.length || (at === 8) !== (name === 'IHDR')) return undefined
		if (name === 'IHDR' && !isSized(file.readUInt32BE(at + 8), file.readUInt32BE(at + 12))) return undefined
		hasPixels ||= name === 'IDAT'
		if (!['eXIf', 'iTXt', 'tEXt', 'tIME', 'zTXt'].includes(name)) kept.push(file.subarray(at, end))
		at = end
	}
	return hasPixels ? ({ bytes: Buffer.concat(kept), type: 'image/png' } as const) : undefined
}

const isJpeg = (file: Buffer) => file[0] === 0xff && file[1] === 0xd8 && file[2] === 0xff

/** Segments up to the pixels, as in https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B. */
function readJpeg(file: Buffer) {
	const kept: Buffer[] = [file.subarray(0, 2)]
	let isFramed = false
	for (let at = 2; ; ) {
		if (file.readUInt8(at) !== 0xff) return undefined
		const marker = file.readUInt8(at + 1)
		const end = at + 2 + file.readUInt16BE(at + 2)
		if (end > file.length) return undefined
		const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
		if (isFrame && !isSized(file.readUInt16BE(at + 7), file.readUInt16BE(at + 5))) return undefined
		isFramed ||= isFrame
		const segment = file.subarray(at, end)
		if (marker === 0xe1) kept.push(...turned(segment))
		else if (!isRemark(marker)) kept.push(segment)
		at = end
		if (marker !== 0xda) continue
		const last = file.lastIndexOf(Buffer.from([0xff, 0xd9]))
		return isFramed && last >= at
			? ({ bytes: Buffer.concat([...kept, file.subarray(at, last + 2)]), type: 'image/jpeg' } as const)
			: undefined
	}
}

/** Comments and what applications add, but for what says how to read the colours: JFIF, ICC and Adobe. */
const isRemark = (marker: number) => marker === 0xfe || (marker >= 0xe3 && marker <= 0xed) || marker === 0xef

/** Of what a camera noted, only which way is up. */
function turned(segment: Buffer): Buffer[] {
	const tiff = 10
	if (segment.toString('latin1', 4, tiff) !== 'Exif\0\0') return []
	const isLittle = segment.toString('latin1', tiff, tiff + 2) === 'II'
	const short = (at: number) => (isLittle ? segment.readUInt16LE(at) : segment.readUInt16BE(at))
	const directory = tiff + (isLittle ? segment.readUInt32LE(tiff + 4) : segment.readUInt32BE(tiff + 4))
	for (let entry = 0; entry < short(directory); entry++) {
		const at = directory + 2 + 12 * entry
		const orientation = short(at + 8)
		if (short(at) !== 0x0112 || orientation < 2 || orientation > 8) continue
		const head = Buffer.from('ffe10022457869660000' + '4d4d002a00000008' + '0001' + '0112000300000001', 'hex')
		return [Buffer.concat([head, Buffer.from([0, orientation, 0, 0, 0, 0, 0, 0])])]
	}
	return []
}

const isWebp = (file: Buffer) => file.toString('latin1', 0, 4) === 'RIFF' && file.toString('latin1', 8, 12) === 'WEBP'

/** Chunks as in https://www.rfc-editor.org/rfc/rfc9649: name, length, content, padded to an even length. */
function readWebp(file: Buffer) {
	const kept: Buffer[] = []
	let isOfSize = false
	let hasPixels = false
	const whole = Math.min(file.length, 8 + file.readUInt32LE(4))
	for (let at = 12; at < whole; ) {
		const length = file.readUInt32LE(at + 4)
		const end = at + 8 + length + (length % 2)
		const name = file.toString('latin1', at, at + 4)
		if (end > file.length || (name === 'VP8X' && at !== 12)) return undefined
		const chunk = Buffer.from(file.subarray(at, end))
		const size = webpSize(name, chunk.subarray(8))
		if (size) isOfSize = isSized(...size)
		if (size && !isOfSize) return undefined
		hasPixels ||= ['VP8 ', 'VP8L', 'ANMF'].includes(name)
		// The flags that say that there are EXIF and XMP.
		if (name === 'VP8X') chunk.writeUInt8(chunk.readUInt8(8) & ~0b1100, 8)
		if (name !== 'EXIF' && name !== 'XMP ') kept.push(chunk)
		at = end
	}
	if (!isOfSize || !hasPixels) return undefined
	const content = Buffer.concat(kept)
	const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1')
	head.writeUInt32LE(content.length + 4, 4)
	return { bytes: Buffer.concat([head, content]), type: 'image/webp' } as const
}

function webpSize(name: string, content: Buffer): [width: number, height: number] | undefined {
	switch (name) {
		case 'VP8X':
			return [content.readUIntLE(4, 3) + 1, content.readUIntLE(7, 3) + 1]
		case 'VP8 ':
			return [content.readUInt16LE(6) & 0x3fff, content.readUInt16LE(8) & 0x3fff]
		case 'VP8L': {
			const bits = content.readUInt32LE(1)
			return [(bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1]
		}
		default:
			return undefined
	}
}
