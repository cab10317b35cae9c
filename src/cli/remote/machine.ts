import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { importJWK } from 'jose'
import type { JWK } from 'jose'
import * as client from 'openid-client'
import { ADMIN_API } from '../../clients/index.ts'
import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'
import { matchIssuer } from './issuer-of-api.ts'
import { connectIssuer, issuerTrouble } from './issuer.ts'
import { readProtectedResource } from './protected-resource.ts'

/**
 * What the environment may hold for scripts. The command reads these itself: they are no settings of the server.
 * CARDEA_ISSUER is left out because it is one; scripts need it too.
 */
export const MACHINE_VARIABLES = [
  'CARDEA_API',
  'CARDEA_CLIENT_ID',
  'CARDEA_CLIENT_SECRET',
  'CARDEA_CLIENT_SECRET_FILE',
  'CARDEA_CLIENT_KEY_FILE',
] as const

/** For the help of commands that a script can run. */
export const MACHINE_HELP = `
Scripts act as a client of their own, by these variables: CARDEA_ISSUER, CARDEA_CLIENT_ID, and one of
CARDEA_CLIENT_KEY_FILE, CARDEA_CLIENT_SECRET_FILE and CARDEA_CLIENT_SECRET. Only that issuer sees the credentials.`

/** A client that acts on its own behalf: with a secret, or better with a private key of its own. */
export type Machine = { issuer: string; clientId: string; authentication: () => Promise<client.ClientAuth> }

/** The machine that the environment names; null when it names none, and a person is meant. */
export function machineOf({ env }: Pick<Terminal, 'env'>): Machine | null {
  const set = (name: (typeof MACHINE_VARIABLES)[number] | 'CARDEA_ISSUER') => env[name]?.trim() || undefined
  const secret = set('CARDEA_CLIENT_SECRET')
  const [secretFile, keyFile] = [set('CARDEA_CLIENT_SECRET_FILE'), set('CARDEA_CLIENT_KEY_FILE')]
  const clientId = set('CARDEA_CLIENT_ID')
  const ways = [secret, secretFile, keyFile].filter((way) => way !== undefined)
  if (clientId === undefined && ways.length === 0) return null
  if (clientId === undefined || ways.length !== 1)
    throw new Refusal(
      'configuration',
      'A script needs CARDEA_CLIENT_ID, and one of CARDEA_CLIENT_SECRET, CARDEA_CLIENT_SECRET_FILE and CARDEA_CLIENT_KEY_FILE.',
    )
  const issuer = set('CARDEA_ISSUER')
  if (issuer === undefined)
    throw new Refusal(
      'configuration',
      'A script needs CARDEA_ISSUER beside CARDEA_CLIENT_ID: the one issuer that may see its credentials.',
    )
  return {
    issuer,
    clientId,
    authentication: async () =>
      keyFile === undefined
        ? client.ClientSecretBasic(secret ?? readSecret(secretFile ?? ''))
        : client.PrivateKeyJwt(await readKey(keyFile)),
  }
}

/**
 * An access token of the machine (RFC 6749 section 4.4), with every scope that it was registered for. It is kept nowhere.
 * Its credentials go to the issuer that its environment names, and never to one that only the API names: whoever takes the API's
 * port could name any. Throws a Refusal where the two differ.
 */
export async function machineToken(
  machine: Machine,
  api: string,
): Promise<{ issuer: string; token: string; scope: string; expiresAt: Date }> {
  const { issuer } = machine
  const authentication = await machine.authentication()
  const named = await readProtectedResource(api)
  matchIssuer({ api, issuer: named.issuer }, { named: issuer, by: 'CARDEA_ISSUER' })
  const configuration = await connectIssuer(issuer, machine.clientId, authentication)
  try {
    const granted = await client.clientCredentialsGrant(configuration, {
      scope: named.scopes.join(' '),
      resource: ADMIN_API,
    })
    const expiresAt = new Date(Date.now() + (granted.expires_in ?? 60) * 1000)
    return { issuer, token: granted.access_token, scope: granted.scope ?? '', expiresAt }
  } catch (error) {
    throw issuerTrouble(issuer, error)
  }
}

function readSecret(path: string): string {
  return readFile('CARDEA_CLIENT_SECRET_FILE', path).trim()
}

// A private key as a JWK or in PEM; its kind decides the algorithm where it does not say.
async function readKey(path: string): Promise<client.PrivateKey> {
  const text = readFile('CARDEA_CLIENT_KEY_FILE', path)
  try {
    const key = createPrivateKey(
      text.trimStart().startsWith('{') ? { key: JSON.parse(text) as JWK, format: 'jwk' } : text,
    )
    const named = text.trimStart().startsWith('{') ? (JSON.parse(text) as JWK) : {}
    const jwk = key.export({ format: 'jwk' }) as JWK
    const imported = await importJWK(jwk, named.alg ?? algorithmOf(jwk))
    if (imported instanceof Uint8Array) throw new TypeError('a symmetric key')
    return { key: imported, ...(named.kid !== undefined && { kid: named.kid }) }
  } catch (error) {
    throw new Refusal('configuration', `${path} is no private key, neither a JWK nor PEM.`, { cause: error })
  }
}

function algorithmOf({ kty, crv }: JWK): string {
  if (kty === 'RSA') return 'RS256'
  return kty === 'OKP' ? 'EdDSA' : `ES${crv?.slice(2) ?? ''}`.replace('521', '512')
}

function readFile(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Refusal('configuration', `${variable} names a file that cannot be read: ${code ?? message}.`)
  }
}
