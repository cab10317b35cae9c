import { digest } from '../crypto/index.ts'
import type { Prisma } from '../db/index.ts'
import type { ClientMetadata } from './metadata.ts'

export type StoredClient = {
  id: string
  name: string
  metadata: ClientMetadata
  hasSecret: boolean
  /** Until when the secret before the last rotation is accepted too; null when none is. */
  previousSecretExpiresAt: Date | null
  firstParty: boolean
  /** The operator knows who runs it, and people are told so. */
  verified: boolean
  /** Part of Cardea itself: nobody edits, disables or deletes it. */
  builtIn: boolean
  seeded: boolean
  disabledAt: Date | null
  createdAt: Date
  updatedAt: Date
}

export function toStored(row: Prisma.ClientGetPayload<object>): StoredClient {
  const { id, name, firstParty, verified, builtIn, seeded, disabledAt, createdAt, updatedAt } = row
  const { previousSecretExpiresAt: until } = row
  return {
    ...{ id, name, firstParty, verified, builtIn, seeded, disabledAt, createdAt, updatedAt },
    metadata: row.metadata as ClientMetadata,
    hasSecret: row.secretDigest !== null,
    previousSecretExpiresAt: until !== null && +until > Date.now() ? until : null,
  }
}

/** A secret as it is stored: 256 random bits need no salt and no slow hash. */
export function secretDigest(secret: string): string {
  return digest(secret).toString('base64url')
}

/** Does a client of this metadata prove itself with a secret? */
export function needsSecret({ token_endpoint_auth_method: method }: ClientMetadata): boolean {
  return method.startsWith('client_secret_')
}
