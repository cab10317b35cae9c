import { z } from 'zod'
import type { User } from '../../users/index.ts'
import { instant } from '../frame/schema.ts'

export const roleSchema = z.enum(['owner', 'operator', 'auditor']).meta({ id: 'Role' })

export const statusSchema = z.enum(['active', 'disabled'])

/** A user as the API shows one: no hash, no seed. */
export const userSchema = z
  .strictObject({
    id: z.uuid().meta({ description: 'The subject (`sub`) in tokens. Never reassigned.' }),
    email: z.string(),
    email_verified: z.boolean(),
    name: z.string().nullable(),
    role: roleSchema.nullable(),
    status: statusSchema,
    has_password: z.boolean(),
    disabled_at: instant.nullable(),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'User' })

export function showUser(user: User): z.output<typeof userSchema> {
  return {
    id: user.id,
    email: user.email,
    email_verified: user.emailVerified,
    name: user.name,
    role: user.role,
    status: user.disabledAt === null ? 'active' : 'disabled',
    has_password: user.hasPassword,
    disabled_at: user.disabledAt?.toISOString() ?? null,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  }
}

export const userExample = {
  id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
  email: 'ada@example.com',
  email_verified: true,
  name: 'Ada Example',
  role: null,
  status: 'active' as const,
  has_password: true,
  disabled_at: null,
  created_at: '2026-11-21T09:30:00.000Z',
  updated_at: '2026-11-21T09:30:00.000Z',
}
