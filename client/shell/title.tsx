import { useClinicName } from '../api/clinic.ts'

/** The title of the page: what it shows, and whose it is. */
export const Title = ({ children }: { children: string }) => <title>{`${children} · ${useClinicName()}`}</title>
