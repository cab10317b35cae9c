import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { randomSecret } from '../crypto/index.ts'

const schema = z.strictObject({
  keyring: z.string(),
  cookieKey: z.string(),
  userPassword: z.string(),
  userTotpSecret: z.string(),
  adminPassword: z.string(),
  sampleClientSecret: z.string(),
  sampleApiSecret: z.string(),
  sampleCookieKey: z.string(),
})

/** What a development server made up for itself; random for each data folder, so that no two machines share a password. */
export type DevelopmentSecrets = Omit<z.infer<typeof schema>, 'keyring' | 'cookieKey'> & {
  keyring: Buffer[]
  cookie: Buffer[]
}

/** Reads the file, or makes it (mode 0600) on the first start. */
export function readSecrets(file: string): DevelopmentSecrets {
  const stored = existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, 'utf8'))) : make(file)
  const { keyring, cookieKey, ...rest } = stored
  return {
    ...rest,
    keyring: [Buffer.from(keyring, 'base64url')],
    cookie: [Buffer.from(cookieKey, 'base64url')],
  }
}

function make(file: string): z.infer<typeof schema> {
  const secrets = {
    keyring: randomSecret(),
    cookieKey: randomSecret(),
    userPassword: readablePassword(),
    userTotpSecret: base32Secret(),
    adminPassword: readablePassword(),
    sampleClientSecret: randomSecret(),
    sampleApiSecret: randomSecret(),
    sampleCookieKey: randomSecret(),
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  return secrets
}

/** Four groups that are easy to type from one window into another. */
function readablePassword(): string {
  const letters = randomSecret(24)
    .toLowerCase()
    .replaceAll(/[^a-hj-km-np-z2-9]/g, '')
  return (letters.slice(0, 16).padEnd(16, 'k').match(/.{4}/g) ?? []).join('-')
}

/** 160 random bits in the alphabet of authenticator apps (RFC 4648 section 6). */
function base32Secret(): string {
  return Array.from(randomBytes(32), (byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.charAt(byte % 32)).join('')
}
