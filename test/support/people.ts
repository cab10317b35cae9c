import { randomBytes, randomUUID } from 'node:crypto'
import { generate } from 'otplib'
import { createClient, createResourceServer } from '../../src/clients/index.ts'
import type { NewClient, StoredClient } from '../../src/clients/index.ts'
import {
  createUser,
  generateRecoveryCodes,
  importTotp,
  markRecoveryCodesSaved,
  recoveryCodesMark,
} from '../../src/users/index.ts'
import { noteByHand, noteSecret } from './issued-secrets.ts'
import type { TestServer } from './server.ts'

export type Person = { id: string; email: string; password: string; totpSecret: string | null }

export const REDIRECT_URI = 'https://rp.example/cb'

/** A user of the server under test; with an authenticator unless told otherwise. */
export async function addPerson(
  { database, hasher, sealer }: TestServer,
  { totp = true, email = `${randomUUID()}@example.com`, name = 'Pat Example' } = {},
): Promise<Person> {
  const password = `pw-${randomUUID()}`
  const passwordHash = await hasher.hash(password)
  const totpSecret = totp ? base32() : null
  noteSecret(password)
  noteByHand(totpSecret ?? undefined)
  const user = await database.transaction(async (tx) => {
    const created = await createUser(tx, { email, name, passwordHash, emailVerified: true })
    if (!created.ok) throw new Error(created.reason)
    if (totpSecret !== null) await importTotp({ tx, sealer }, { userId: created.user.id, secret: totpSecret })
    return created.user
  })
  return { id: user.id, email, password, totpSecret }
}

/** Ten recovery codes that the person has saved: without any, the next sign-in shows new ones. */
export async function addRecoveryCodes({ database }: TestServer, { id }: Person): Promise<string[]> {
  const codes = await database.transaction(async (tx) => {
    const made = await generateRecoveryCodes(tx, id)
    await markRecoveryCodesSaved(tx, id, { mark: await recoveryCodesMark(tx, id) })
    return made
  })
  codes.forEach(noteByHand)
  return codes
}

/** The code the person's app shows now. Forgets that an earlier code of this half minute was used, unless told to keep that. */
export async function codeOf(
  { database }: TestServer,
  person: Person,
  { keepReplayGuard = false } = {},
): Promise<string> {
  if (person.totpSecret === null) throw new Error('this person has no authenticator')
  if (!keepReplayGuard)
    await database.prisma.totpCredential.updateMany({
      where: { userId: person.id },
      data: { lastStep: null },
    })
  return generate({ secret: person.totpSecret })
}

/** A code that is not the right one, another for each number. */
export function wrongCode(right: string, nth = 0): string {
  return String((Number(right) + 1 + nth * 7919) % 1_000_000).padStart(6, '0')
}

/** A client of the server under test: confidential with all grant types it may have, unless told otherwise. */
export async function addClient(
  { database }: TestServer,
  input: Partial<NewClient> & { metadata?: Record<string, unknown> } = {},
): Promise<StoredClient & { secret: string }> {
  const metadata = {
    redirect_uris: [REDIRECT_URI],
    post_logout_redirect_uris: ['https://rp.example/signed-out'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_basic',
    ...input.metadata,
  }
  const created = await createClient(database.prisma, { name: 'Test app', ...input, metadata })
  if (!created.ok) throw new Error(JSON.stringify(created))
  noteSecret(created.secret ?? undefined)
  return { ...created.client, secret: created.secret ?? '' }
}

export const publicClient = { token_endpoint_auth_method: 'none' }
export const machineClient = {
  redirect_uris: [],
  post_logout_redirect_uris: [],
  grant_types: ['client_credentials'],
  scope: 'orders:read',
}

/** An API with scopes orders:read (may be unticked) and orders:write. */
export async function addApi(
  { database }: TestServer,
  {
    identifier = 'https://api.example/',
    format = 'opaque',
    clientId = null,
  }: { identifier?: string; format?: 'opaque' | 'jwt'; clientId?: string | null } = {},
) {
  return createResourceServer(database.prisma, {
    identifier,
    name: 'Shop',
    scopes: [
      { name: 'orders:read', description: 'See your orders', optional: true },
      { name: 'orders:write', description: 'Order in your name', optional: false },
    ],
    accessTokenFormat: format,
    clientId,
  })
}

function base32(): string {
  return Array.from(randomBytes(32), (byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.charAt(byte % 32)).join('')
}
