import { Button, FileButton, Group, Image, Stack, Text } from '@mantine/core'
import { IconPhotoUp, IconTrash } from '@tabler/icons-react'
import type { QueryKey } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { request } from '../../api/http.ts'
import { Failure } from '../in-use.tsx'
import { fitPicture } from './fit-picture.ts'
import { useSaving } from './queries.ts'

type Props = {
	label: string
	/** Where the picture is put, below `/api/v1`. */
	path: string
	url: string | undefined
	changed: readonly QueryKey[]
}

/** A logo or a photo. One that is too large for the server is made smaller here. */
export const PictureField = ({ label, path, url, changed }: Props) => {
	const { t } = useTranslation()
	const put = useSaving(async (file: File) => request(path, { method: 'PUT', file: await fitPicture(file) }), changed)
	const remove = useSaving(() => request(path, { method: 'DELETE' }), changed)
	const error = put.error ?? remove.error
	return (
		<Stack gap="xs" role="group" aria-label={label}>
			<Text fw={500} fz="sm">
				{label}
			</Text>
			{url && <Image src={url} alt={label} w="auto" maw={200} mah={120} fit="contain" radius="md" />}
			<Group gap="xs">
				<FileButton accept="image/png,image/jpeg,image/webp" onChange={file => file && put.mutate(file)}>
					{props => (
						<Button variant="default" leftSection={<IconPhotoUp size={18} aria-hidden />} loading={put.isPending} {...props}>
							{t(url ? 'setup.picture.replace' : 'setup.picture.choose')}
						</Button>
					)}
				</FileButton>
				{url && (
					<Button
						variant="subtle"
						leftSection={<IconTrash size={18} aria-hidden />}
						loading={remove.isPending}
						onClick={() => remove.mutate(undefined)}
					>
						{t('setup.picture.remove')}
					</Button>
				)}
			</Group>
			<Text fz="sm">{t('setup.picture.hint')}</Text>
			{error && <Failure error={error} />}
		</Stack>
	)
}
