import { auth0 } from './auth0.ts'
import { cardea } from './cardea.ts'
import { django } from './django.ts'
import type { ImportFormat } from './imported-user.ts'
import { keycloak } from './keycloak.ts'

/** What users can be imported from. Each call begins anew: a format may gather while it reads. */
export const importFormats = {
  keycloak: () => keycloak,
  auth0: () => auth0,
  django,
  cardea: () => cardea,
} satisfies Record<string, () => ImportFormat>

export type ImportFormatName = keyof typeof importFormats
