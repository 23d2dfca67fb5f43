import { ColorInput } from '@mantine/core'

type Props = { label: string; description?: string; error: string | undefined; value: string; onChange: (color: string) => void }

/** One of some colours with enough contrast, or any other by its code; or none. */
export const ColorField = (props: Props) => (
	<ColorInput
		withEyeDropper={false}
		withPicker={false}
		swatches={swatches}
		swatchesPerRow={swatches.length}
		closeOnColorSwatchClick
		popoverProps={{ withinPortal: false }}
		{...props}
	/>
)

const swatches = ['#0b7285', '#0b6e4f', '#1864ab', '#5f3dc4', '#9c36b5', '#a61e4d', '#b32424', '#8a4b08', '#37424d']
