import type { ComponentType } from 'react'
import type { SetupStep } from '../../../contract/index.ts'
import { ClinicSettings } from './clinic-settings.tsx'
import { ClosuresSettings } from './closures-settings.tsx'
import { DoctorsSettings } from './doctors-settings.tsx'
import { HoursSettings } from './hours-settings.tsx'
import { ReceptionSettings } from './reception-settings.tsx'
import { SitesSettings } from './sites-settings.tsx'
import type { StepProps } from './step.ts'
import { TypesSettings } from './types-settings.tsx'

/** Every page of the settings is a step of the first run, too. */
export const pages = {
	clinic: ClinicSettings,
	sites: SitesSettings,
	types: TypesSettings,
	doctors: DoctorsSettings,
	hours: HoursSettings,
	reception: ReceptionSettings,
	closures: ClosuresSettings,
} satisfies Partial<Record<SetupStep['id'], ComponentType<StepProps>>>

export type PageId = keyof typeof pages

export const isPage = (id: string | undefined): id is PageId => id !== undefined && Object.hasOwn(pages, id)
