import { Button, Modal, Paper, Stack, Title } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { ListedUser } from '../../../contract/index.ts'
import { DoctorForm } from './doctor-form.tsx'
import { InviteForm } from './invite-form.tsx'
import { People } from './people.tsx'

/** The doctors of the clinic, and how they show themselves to patients. */
export const DoctorsSettings = () => {
	const { t } = useTranslation()
	const [edited, setEdited] = useState<ListedUser>()
	return (
		<Stack>
			<Paper withBorder p="md">
				<Title order={2} size="h4" mb="sm">
					{t('setup.doctors.add')}
				</Title>
				<InviteForm roles={['doctor']} />
			</Paper>
			<People of="doctor">
				{user => (
					<>
						<Button variant="default" aria-label={`${t('setup.doctors.profile')}: ${user.fullName}`} onClick={() => setEdited(user)}>
							{t('setup.doctors.profile')}
						</Button>
						<Button
							component={Link}
							to={`/admin/users/${user.id}/hours`}
							variant="default"
							aria-label={`${t('admin.users.hours')}: ${user.fullName}`}
						>
							{t('admin.users.hours')}
						</Button>
					</>
				)}
			</People>
			<Modal
				opened={edited !== undefined}
				onClose={() => setEdited(undefined)}
				closeButtonProps={{ 'aria-label': t('app.close') }}
				title={t('setup.doctors.profileOf', { name: edited?.fullName ?? '' })}
				size="lg"
			>
				{edited && <DoctorForm doctorId={edited.id} onClose={() => setEdited(undefined)} />}
			</Modal>
		</Stack>
	)
}
