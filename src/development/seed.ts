import { isDeepStrictEqual } from 'node:util'
import {
  createClient,
  createResourceServer,
  findClient,
  findResourceServer,
  updateClientMetadata,
} from '../clients/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import { createUser, findUserByEmail, importTotp } from '../users/index.ts'
import type { PasswordHasher } from '../users/index.ts'
import type { DevelopmentSecrets } from './secrets.ts'

export const SEED = {
  user: 'alice@example.com',
  admin: 'admin@example.com',
  app: 'sample-app',
  api: 'sample-api',
} as const

type Deps = {
  database: Database
  hasher: PasswordHasher
  sealer: Sealer
  secrets: DevelopmentSecrets
  samplePort: number
}

/** Puts in what is missing; started again, it changes nothing that is there already, except addresses that moved. */
export async function seed(deps: Deps): Promise<void> {
  await seedUser(deps, {
    email: SEED.user,
    name: 'Alice Example',
    password: deps.secrets.userPassword,
    totp: deps.secrets.userTotpSecret,
  })
  await seedUser(deps, {
    email: SEED.admin,
    name: 'Ada Admin',
    password: deps.secrets.adminPassword,
    role: 'owner',
  })
  await seedSampleApp(deps)
}

export function sampleResource(samplePort: number): string {
  return `http://localhost:${samplePort}/api`
}

type SeededUser = { email: string; name: string; password: string; totp?: string; role?: 'owner' }

async function seedUser(
  { database, hasher, sealer }: Deps,
  { email, name, password, totp, role }: SeededUser,
): Promise<void> {
  if (await findUserByEmail(database.prisma, email)) return
  const passwordHash = await hasher.hash(password)
  await database.transaction(async (tx) => {
    const created = await createUser(tx, {
      email,
      name,
      passwordHash,
      role,
      emailVerified: true,
      seeded: true,
    })
    if (created.ok && totp !== undefined)
      await importTotp({ tx, sealer }, { userId: created.user.id, secret: totp })
  })
}

async function seedSampleApp({ database, secrets, samplePort }: Deps): Promise<void> {
  const origin = `http://localhost:${samplePort}`
  await seedClient(database, SEED.app, 'Sample app', secrets.sampleClientSecret, {
    redirect_uris: [`${origin}/callback`],
    post_logout_redirect_uris: [`${origin}/signed-out`],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_basic',
    client_uri: `${origin}/`,
    require_auth_time: true,
  })
  await seedClient(database, SEED.api, 'Sample API', secrets.sampleApiSecret, {
    grant_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
  })
  const identifier = sampleResource(samplePort)
  if (await findResourceServer(database.prisma, identifier)) return
  // The port moved: the API is the same one at another address.
  await database.prisma.resourceServer.deleteMany({ where: { clientId: SEED.api, seeded: true } })
  await createResourceServer(database.prisma, {
    identifier,
    name: 'Sample shop',
    scopes: [{ name: 'orders:read', description: 'See your orders', optional: true }],
    clientId: SEED.api,
    seeded: true,
  })
}

async function seedClient(
  { prisma }: Database,
  id: string,
  name: string,
  secret: string,
  metadata: Record<string, unknown>,
): Promise<void> {
  const existing = await findClient(prisma, id)
  if (!existing) {
    const created = await createClient(prisma, { id, name, secret, metadata, verified: true, seeded: true })
    if (!created.ok) throw new Error(`the client ${id} cannot be made: ${JSON.stringify(created)}`)
  } else if (
    existing.seeded &&
    !isDeepStrictEqual(existing.metadata.redirect_uris, metadata['redirect_uris'] ?? [])
  ) {
    await updateClientMetadata(prisma, id, metadata)
  }
}
