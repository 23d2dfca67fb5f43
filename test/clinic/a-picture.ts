import { crc32, deflateSync } from 'node:zlib'

const chunk = (name: string, content: Buffer): Buffer => {
	const named = Buffer.concat([Buffer.from(name, 'latin1'), content])
	const framed = Buffer.alloc(named.length + 8)
	framed.writeUInt32BE(content.length)
	named.copy(framed, 4)
	framed.writeUInt32BE(crc32(named), named.length + 4)
	return framed
}

export type PngOptions = {
	width?: number
	height?: number
	/** What is written beside the pixels. */
	text?: string
	/** Bytes that no compression makes fewer. */
	ballast?: number
}

/** A grey picture, as any program would write it. */
export const aPng = ({ width = 4, height = 3, text, ballast = 0 }: PngOptions = {}): Buffer => {
	const head = Buffer.alloc(13)
	head.writeUInt32BE(width, 0)
	head.writeUInt32BE(height, 4)
	head.set([8, 0, 0, 0, 0], 8)
	const rows = Buffer.alloc(Math.min((width + 1) * height, 1_000_000), 0)
	return Buffer.concat([
		Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
		chunk('IHDR', head),
		...(text === undefined ? [] : [chunk('tEXt', Buffer.from(`Comment\0${text}`, 'latin1'))]),
		...(ballast > 0 ? [chunk('prVt', Buffer.alloc(ballast, 7))] : []),
		chunk('IDAT', deflateSync(rows)),
		chunk('IEND', Buffer.alloc(0)),
	])
}

/** As cameras write it: which way is up, and where it was taken. */
export const exifSegment = (orientation: number, place: string): Buffer => {
	const tiff = Buffer.alloc(8 + 2 + 2 * 12 + 4 + place.length)
	tiff.write('II*\0', 'latin1')
	tiff.writeUInt32LE(8, 4)
	tiff.writeUInt16LE(2, 8)
	const entry = (at: number, tag: number, type: number, count: number, value: number) => {
		tiff.writeUInt16LE(tag, at)
		tiff.writeUInt16LE(type, at + 2)
		tiff.writeUInt32LE(count, at + 4)
		tiff.writeUInt32LE(value, at + 8)
	}
	entry(10, 0x010e, 2, place.length, 38)
	entry(22, 0x0112, 3, 1, orientation)
	tiff.write(place, 38, 'latin1')
	const head = Buffer.from('ffe10000457869660000', 'hex')
	head.writeUInt16BE(tiff.length + 8, 2)
	return Buffer.concat([head, tiff])
}

/** A JPEG with more of what stands before its pixels. */
export const withSegment = (jpeg: Buffer, segment: Buffer): Buffer => Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)])

/** A WebP in the extended form, as browsers draw it, with where it was taken. */
export const withExif = (webp: Buffer, place: string): Buffer => {
	if (webp.toString('latin1', 12, 16) !== 'VP8X') throw new Error('the picture is not in the extended form')
	const exif = Buffer.alloc(8 + place.length + (place.length % 2))
	exif.write('EXIF', 'latin1')
	exif.writeUInt32LE(place.length, 4)
	exif.write(place, 8, 'latin1')
	const marked = Buffer.concat([webp, exif])
	marked.writeUInt32LE(marked.length - 8, 4)
	marked.writeUInt8(marked.readUInt8(20) | 0b1000, 20)
	return marked
}
