/** A resource of FHIR, or what a caller says is one: its elements are checked where they are read. */
export type Resource = { resourceType: string; id?: string; [element: string]: any }
