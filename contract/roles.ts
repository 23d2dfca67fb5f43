import { z } from 'zod'

export const roles = ['patient', 'doctor', 'receptionist', 'admin'] as const
export const Role = z.enum(roles)
export type Role = z.infer<typeof Role>

/** The roles at the desk and in charge of the clinic. */
export const staffRoles = ['receptionist', 'admin'] as const satisfies readonly Role[]
