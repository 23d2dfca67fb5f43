import { accountSecurityEndpoints } from './account-security.ts'
import { analyticsEndpoints } from './analytics.ts'
import { apiClientEndpoints } from './api-clients.ts'
import { appointmentEndpoints } from './appointments.ts'
import { availabilityEndpoints } from './availability.ts'
import { calendarEndpoints } from './calendar.ts'
import { calendarLinkEndpoints } from './calendar-links.ts'
import { clinicEndpoints } from './clinic.ts'
import { doctorEndpoints } from './doctors.ts'
import { embedEndpoints } from './embed.ts'
import { guestHoldEndpoints } from './guest-holds.ts'
import { historyEndpoints } from './histories.ts'
import { holdEndpoints } from './holds.ts'
import { holidayEndpoints } from './holidays.ts'
import { identityEndpoints } from './identity.ts'
import { listEndpoints } from './lists.ts'
import { notificationEndpoints } from './notifications.ts'
import { offerEndpoints } from './offers.ts'
import { patientEndpoints } from './patients.ts'
import { privacyEndpoints } from './privacy.ts'
import { recallEndpoints } from './recalls.ts'
import { scheduleEndpoints } from './schedule.ts'
import { waitingRoomEndpoints, walkInEndpoints } from './waiting-room.ts'
import { webhookEndpoints } from './webhooks.ts'

export * from './account-security.ts'
export * from './analytics.ts'
export * from './api-clients.ts'
export * from './appointments.ts'
export * from './availability.ts'
export * from './calendar.ts'
export * from './calendar-links.ts'
export * from './clinic.ts'
export * from './common.ts'
export * from './doctors.ts'
export * from './embed.ts'
export * from './endpoint.ts'
export * from './errors.ts'
export * from './events.ts'
export * from './guest-holds.ts'
export * from './histories.ts'
export * from './holds.ts'
export * from './holidays.ts'
export * from './identity.ts'
export * from './lists.ts'
export * from './notifications.ts'
export * from './offers.ts'
export * from './patients.ts'
export * from './privacy.ts'
export * from './recalls.ts'
export * from './refusals.ts'
export * from './roles.ts'
export * from './schedule.ts'
export * from './waiting-room.ts'
export * from './webhooks.ts'

/** Every HTTP call of the product. */
export const endpoints = {
	...identityEndpoints,
	...accountSecurityEndpoints,
	...apiClientEndpoints,
	...clinicEndpoints,
	...doctorEndpoints,
	...scheduleEndpoints,
	...holidayEndpoints,
	...calendarEndpoints,
	...availabilityEndpoints,
	...holdEndpoints,
	...guestHoldEndpoints,
	...appointmentEndpoints,
	...patientEndpoints,
	...recallEndpoints,
	...privacyEndpoints,
	...notificationEndpoints,
	...analyticsEndpoints,
	...waitingRoomEndpoints,
	...walkInEndpoints,
	...historyEndpoints,
	...listEndpoints,
	...offerEndpoints,
	...webhookEndpoints,
	...calendarLinkEndpoints,
	...embedEndpoints,
}
