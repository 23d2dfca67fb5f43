import { z } from 'zod'
import { AppointmentStatus } from './appointments.ts'
import { Id, IdParams, Instant } from './common.ts'
import { endpoint } from './endpoint.ts'
import { User } from './identity.ts'
import { Notification, NotificationPreferences } from './notifications.ts'
import { Patient } from './patients.ts'
import { staffRoles } from './roles.ts'

const Kept = z.object({ createdAt: Instant, updatedAt: Instant })

const ExportedAppointment = Kept.extend({
	id: Id,
	doctorName: z.string(),
	specialty: z.string(),
	typeName: z.string(),
	startsAt: Instant,
	endsAt: Instant,
	status: AppointmentStatus,
	reason: z.string().optional(),
	cancelReason: z.string().optional(),
	extraReason: z.string().optional(),
	bookedBy: z.enum(['you', 'the clinic']),
	confirmedAt: Instant.optional(),
})

/** Everything that the clinic keeps about a patient, except secrets: hashes, tokens, and the addresses of devices. */
export const PersonalData = z
	.object({
		exportedAt: Instant,
		account: User.extend(Kept.shape).nullable().meta({ description: 'Null for a patient without one.' }),
		patient: Patient.extend(Kept.shape),
		notes: z.string().meta({ description: 'What the desk noted.' }),
		tags: z.array(z.string()),
		mayBookOnline: z.boolean(),
		changes: z
			.array(z.object({ at: Instant, field: z.string(), from: z.unknown(), to: z.unknown() }))
			.meta({ description: 'Corrections of the file.' }),
		mergedFiles: z
			.array(z.object({ mergedAt: Instant, file: z.record(z.string(), z.unknown()) }))
			.meta({ description: 'Files that became part of this one, as they were; for the days in which that can be undone.' }),
		preferences: NotificationPreferences.omit({ offered: true }),
		appointments: z.array(ExportedAppointment),
		notifications: z.array(Notification.omit({ providerId: true }).extend({ appointmentId: Id })),
		devices: z.array(z.object({ service: z.string(), addedAt: Instant })).meta({ description: 'That receive notifications.' }),
		holds: z
			.array(z.object({ doctorName: z.string(), startsAt: Instant, at: Instant, what: z.enum(['held', 'released', 'expired']) }))
			.meta({ description: 'Times that the account held while booking; of the last 30 days.' }),
		waitlist: z.array(
			Kept.extend({ typeName: z.string(), from: z.string(), until: z.string(), status: z.string(), specialty: z.string().optional() }),
		),
		offers: z.array(
			z.object({
				doctorName: z.string(),
				startsAt: Instant,
				status: z.string(),
				why: z.string(),
				createdAt: Instant,
				expiresAt: Instant.optional(),
				messages: z.array(z.object({ channel: z.string(), status: z.string(), sentAt: Instant.optional() })),
			}),
		),
		sessions: z.array(
			z.object({
				startedAt: Instant,
				lastUsedAt: Instant,
				expiresAt: Instant,
				endedAt: Instant.optional(),
				ip: z.string().optional(),
				userAgent: z.string().optional(),
			}),
		),
		passwordResets: z.array(z.object({ askedAt: Instant, usedAt: Instant.optional() })),
		recalls: z
			.array(z.object({ dueOn: z.string(), note: z.string().optional(), status: z.string(), createdAt: Instant, updatedAt: Instant }))
			.meta({ description: 'When the clinic meant to call you for an appointment.' }),
		identifiers: z
			.array(z.object({ system: z.string(), value: z.string(), appointmentId: Id.optional(), createdAt: Instant }))
			.meta({ description: 'By which other systems know you and your appointments.' }),
		audit: z.array(
			z.object({
				at: Instant,
				by: z.enum(['you', 'the clinic', 'unknown']),
				action: z.string(),
				entity: z.string(),
				entityId: z.string().optional(),
				ip: z.string().optional().meta({ description: 'Of your own actions.' }),
				details: z.record(z.string(), z.unknown()),
			}),
		),
	})
	.meta({ id: 'PersonalData' })
export type PersonalData = z.infer<typeof PersonalData>

const tag = 'Privacy'

export const privacyEndpoints = {
	exportMe: endpoint({
		method: 'get',
		path: '/me/export',
		tag,
		summary: 'Everything that is kept about the signed-in patient.',
		access: ['patient'],
		response: PersonalData,
		refusals: ['not_found'],
	}),
	eraseMe: endpoint({
		method: 'delete',
		path: '/me',
		tag,
		summary: 'Erase one’s account and patient file. Coming appointments are cancelled; past ones stay, without a name.',
		access: ['patient'],
		body: z.object({ password: z.string().min(1).max(200) }),
		refusals: ['invalid_credentials', 'not_found'],
	}),
	exportPatient: endpoint({
		method: 'get',
		path: '/patients/:id/export',
		tag,
		summary: 'Everything that is kept about a patient, to be handed to them. Of one with an account: for admins.',
		access: staffRoles,
		params: IdParams,
		response: PersonalData,
		refusals: ['not_found', 'forbidden'],
	}),
	erasePatient: endpoint({
		method: 'delete',
		path: '/patients/:id',
		tag,
		summary: 'Erase a patient who asked for it. Of one with an account: for admins.',
		access: staffRoles,
		params: IdParams,
		refusals: ['not_found', 'forbidden'],
	}),
}
