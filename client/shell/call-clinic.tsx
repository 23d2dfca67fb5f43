import { Anchor } from '@mantine/core'
import { telephoneLink } from '../../contract/address.ts'
import { useClinic } from '../api/clinic.ts'

/** The telephone, as a link; nothing while the clinic has given none. */
export const CallClinic = ({ phone }: { phone?: string | undefined }) => {
	const clinic = useClinic()
	const number = phone ?? clinic?.phone
	if (!number) return null
	return (
		<Anchor href={telephoneLink(number)} inherit underline="always" style={{ whiteSpace: 'nowrap' }}>
			<bdi>{number}</bdi>
		</Anchor>
	)
}
