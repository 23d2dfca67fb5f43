import { ApiError } from '../../api/http.ts'

const maxBytes = 256 * 1024
const accepted = ['image/png', 'image/jpeg', 'image/webp']
/** As long as a side may be, from the first try to the last. */
const sides = [1024, 768, 512, 384, 256]

/** A picture as the server takes it: as it is when it is small enough, else drawn smaller. @throws ApiError unsupported_picture */
export async function fitPicture(file: Blob): Promise<Blob> {
	if (accepted.includes(file.type) && file.size <= maxBytes) return file
	const picture = await createImageBitmap(file).catch(() => {
		throw new ApiError('unsupported_picture')
	})
	try {
		for (const side of sides) {
			const drawn = await draw(picture, side)
			if (drawn.size <= maxBytes) return drawn
		}
	} finally {
		picture.close()
	}
	throw new ApiError('payload_too_large')
}

function draw(picture: ImageBitmap, side: number): Promise<Blob> {
	const scale = Math.min(1, side / Math.max(picture.width, picture.height))
	const canvas = document.createElement('canvas')
	canvas.width = Math.max(1, Math.round(picture.width * scale))
	canvas.height = Math.max(1, Math.round(picture.height * scale))
	canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
	return new Promise((resolve, reject) => {
		// A browser that cannot write WebP writes PNG, which the server takes, too.
		canvas.toBlob(blob => (blob ? resolve(blob) : reject(new ApiError('unsupported_picture'))), 'image/webp', 0.85)
	})
}
