import { Anchor, Badge, Button, Group, Stack, Text } from '@mantine/core'
import { IconPencil } from '@tabler/icons-react'
import { Fragment, type ReactNode, useEffect, useRef, useState } from 'react'
import { createPortal } from 'react-dom'
import { useTranslation } from 'react-i18next'
import type { PatientCard as Card } from '../../contract/index.ts'
import { useFormat } from '../i18n/format.ts'
import { Dialog } from '../shell/dialog.tsx'
import { ErrorMessage } from '../shell/messages.tsx'
import { Skeletons } from '../shell/skeletons.tsx'
import { ChangesOfFile } from './changes-of-file.tsx'
import { Merge } from './merge.tsx'
import { PatientForm } from './patient-form.tsx'
import { PatientVisits, type VisitActions } from './patient-visits.tsx'
import classes from './patients.module.css'
import { ageOf, usePatient } from './use-patient.ts'

type Props = VisitActions & {
	patientId: string
	onClose: () => void
	/** Something was done to the file; the text says what. */
	onDone: (text: string, card: Card) => void
}

/** All that the desk knows of a patient, to read and to correct. */
export const PatientCard = ({ patientId, onClose, onDone, ...visits }: Props) => {
	const { t } = useTranslation()
	const read = usePatient(patientId)
	const [editing, setEditing] = useState(false)
	const first = useRef<HTMLButtonElement>(null)
	const card = read.data
	// biome-ignore lint/correctness/useExhaustiveDependencies: after editing, the focus goes back to where it came from
	useEffect(() => first.current?.focus(), [editing, card === undefined])
	// Outside the desk, whose keys are not for it.
	return createPortal(
		<Dialog title={card?.fullName ?? t('patients.card.title')} busy={false} onClose={onClose}>
			<Stack gap="sm" data-testid="patient-card">
				{read.error && <ErrorMessage error={read.error} onRetry={() => void read.refetch()} />}
				{!card && !read.error && <Skeletons heights={[24, 24, 24, 82]} />}
				{card && editing && (
					<PatientForm
						card={card}
						onClose={() => setEditing(false)}
						onSaved={saved => {
							setEditing(false)
							onDone(t('patients.card.saved', { name: saved.fullName }), saved)
						}}
					/>
				)}
				{card && !editing && (
					<>
						<Facts card={card} />
						<Group gap="xs">
							<Button
								ref={first}
								size="sm"
								leftSection={<IconPencil size={16} aria-hidden />}
								onClick={() => setEditing(true)}
								data-testid="patient-edit"
							>
								{t('patients.card.edit')}
							</Button>
							<Button size="sm" variant="default" onClick={onClose}>
								{t('app.close')}
							</Button>
						</Group>
						<PatientVisits patientId={patientId} {...visits} />
						<ChangesOfFile card={card} />
						<Merge key={card.lastMerge?.at} card={card} onDone={onDone} />
					</>
				)}
			</Stack>
		</Dialog>,
		document.body,
	)
}

const Facts = ({ card }: { card: Card }) => {
	const { t } = useTranslation()
	const format = useFormat()
	const { birthDate, phone, email, noShows, cancelledLate, notes, tags, mayBookOnline } = card
	const misses = [
		noShows > 0 && t('patients.card.noShows', { count: noShows }),
		cancelledLate > 0 && t('patients.card.late', { count: cancelledLate }),
	].filter(Boolean)
	const facts: [string, ReactNode][] = [
		[
			t('patients.card.born'),
			birthDate ? `${format.dateNumeric(birthDate)} (${t('patients.card.age', { count: ageOf(birthDate) })})` : '–',
		],
		[t('patients.card.phone'), phone ? <Contact key="contact" href={`tel:${phone.replace(/[^+0-9]/g, '')}`} text={phone} /> : '–'],
		[t('patients.card.email'), email ? <Contact key="contact" href={`mailto:${email}`} text={email} /> : '–'],
		[t('patients.card.online'), t(mayBookOnline ? 'patients.card.yes' : 'patients.card.onlineOff')],
		[
			t('patients.card.tags'),
			tags.length === 0
				? '–'
				: tags.map(tag => (
						<Badge key={tag} variant="default" tt="none" me={4}>
							{tag}
						</Badge>
					)),
		],
		[t('patients.card.notes'), notes || '–'],
	]
	return (
		<>
			<dl className={classes.facts}>
				{facts.map(([name, value]) => (
					<Fragment key={name}>
						<dt>{name}</dt>
						<dd>{value}</dd>
					</Fragment>
				))}
			</dl>
			<Text size="sm" fw={misses.length > 0 ? 650 : undefined}>
				{misses.length > 0 ? misses.join(' · ') : t('patients.card.neverMissed')}
			</Text>
		</>
	)
}

const Contact = ({ href, text }: { href: string; text: string }) => (
	<Anchor href={href} size="sm" dir="ltr" underline="always">
		{text}
	</Anchor>
)
