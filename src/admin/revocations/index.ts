import type { Route } from '../frame/route.ts'
import { revokeClient, revokeGrant, revokeSession, revokeUser } from './by-path.ts'
import { revokeSelected } from './by-selector.ts'
import { revokeToken } from './by-token.ts'
import { listRevocations, readRevocation } from './read.ts'

export const revocationRoutes: readonly Route[] = [
  revokeUser,
  revokeClient,
  revokeGrant,
  revokeSession,
  revokeToken,
  revokeSelected,
  listRevocations,
  readRevocation,
]
