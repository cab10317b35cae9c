import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWK, JWTHeaderParameters } from 'jose'
import type { StoredClient } from '../../src/clients/index.ts'
import type { Answer } from './http-client.ts'
import { addClient, machineClient } from './people.ts'
import type { TestServer } from './server.ts'

export type KeyPair = { alg: string; privateKey: CryptoKey; publicJwk: JWK }

export async function keyPair(alg = 'ES256', kid = 'key-1'): Promise<KeyPair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export type AssertionClient = StoredClient & { key: KeyPair }

/** A machine that proves itself with a key of its own (private_key_jwt) and may have tokens for the API. */
export async function addAssertionClient(
  server: TestServer,
  { key, ...metadata }: { key?: KeyPair } & Record<string, unknown> = {},
): Promise<AssertionClient> {
  const pair = key ?? (await keyPair())
  const keys = 'jwks_uri' in metadata ? {} : { jwks: { keys: [pair.publicJwk] } }
  const client = await addClient(server, {
    metadata: { ...machineClient, token_endpoint_auth_method: 'private_key_jwt', ...keys, ...metadata },
  })
  return { ...client, key: pair }
}

/** The claims of a good assertion of this client at this server, for a minute. */
export function goodClaims(server: Pick<TestServer, 'issuer'>, client: { id: string }) {
  const now = Math.floor(Date.now() / 1000)
  return { iss: client.id, sub: client.id, aud: server.issuer, jti: randomUUID(), iat: now, exp: now + 60 }
}

/** A signed assertion: good unless told otherwise; a claim that is undefined is left out. */
export function signAssertion(
  server: Pick<TestServer, 'issuer'>,
  client: AssertionClient,
  claims: Record<string, unknown> = {},
  header: Partial<JWTHeaderParameters> = {},
  key: Parameters<SignJWT['sign']>[0] = client.key.privateKey,
): Promise<string> {
  const all: Record<string, unknown> = { ...goodClaims(server, client), ...claims }
  const payload = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  return new SignJWT(payload).setProtectedHeader({ alg: client.key.alg, kid: 'key-1', ...header }).sign(key)
}

/** Asks for a token of the machine's own with an assertion. */
export function askWith(
  server: Pick<TestServer, 'ask'>,
  assertion: string,
  form: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body = {
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    ...form,
  }
  return server.ask('/token', { body, headers })
}
