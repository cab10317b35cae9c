import type { Role } from '../db/index.ts'

/** The admin API as an audience (RFC 8707): what its access tokens are for, and for nothing else. */
export const ADMIN_API = 'urn:cardea:api:admin'

/** Every scope of the admin API, with what it lets its holder do. None implies another. */
export const adminScopeWords = {
  'users:read': 'See users, their factors and their status',
  'users:write': 'Create users, change their names, delete and unlock them',
  'users:disable': 'Disable and enable users',
  'users:credentials':
    'Invite users, start a new password, reset a second factor; with users:write, change addresses',
  'sessions:read': 'See sessions',
  'sessions:revoke': 'End sessions',
  'grants:read': 'See what users allowed which client',
  'grants:revoke': 'End grants',
  'tokens:read': 'See tokens by their handles, and look one up by its value',
  'tokens:revoke': 'End tokens',
  'revocations:read': 'See receipts of revocations',
  'revocations:write': 'End access by any selector: users, clients, keys, everything',
  'global:revoke': 'End all access of a user at the global token revocation endpoint',
  'clients:read': 'See clients',
  'clients:write': 'Register, change and delete clients, rotate their secrets',
  'resources:read': 'See resource servers and their scopes',
  'resources:write': 'Register, change and delete resource servers',
  'keys:read': 'See the public parts of signing keys',
  'keys:rotate': 'Rotate and retire signing keys',
  'jobs:read': 'See the jobs of the queue, and which mails were sent',
  'jobs:write': 'Retry and discard jobs of the queue, and mails',
  'webhooks:read': 'See who is told what happens, and how deliveries went',
  'webhooks:write': 'Register, change, test and delete webhooks, rotate their secrets',
  'audit:read': 'See and export audit events',
  'statistics:read': 'See counts',
  'admin:grant': 'Hand out power over this API: roles to users, its scopes to clients',
} as const

export type AdminScope = keyof typeof adminScopeWords

export const ADMIN_SCOPES = Object.keys(adminScopeWords) as AdminScope[]

/**
 * What a person's role lets them do through the admin API: an owner everything, an operator everything but keys and handing out
 * power, an auditor only reading, and nobody without a role anything.
 */
export function scopesOfRole(role: Role | null): AdminScope[] {
  if (role === null) return []
  if (role === 'owner') return [...ADMIN_SCOPES]
  if (role === 'operator')
    return ADMIN_SCOPES.filter((scope) => !['keys:rotate', 'admin:grant'].includes(scope))
  return ADMIN_SCOPES.filter((scope) => scope.endsWith(':read'))
}
