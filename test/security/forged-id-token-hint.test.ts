import { createHmac, createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { SignJWT } from 'jose'
import type { JWK } from 'jose'
import { keyPair } from '../support/assertion.ts'
import type { KeyPair } from '../support/assertion.ts'
import { askSilently, claimsOf } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import { tokensFor, told } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let web: Awaited<ReturnType<typeof addClient>>
let tokens: Tokens & { agent: UserAgent }
let thief: KeyPair
let keys: JWK[]
beforeAll(async () => {
  server = await startTestServer()
  web = await addClient(server)
  tokens = await tokensFor(server, web, await addPerson(server))
  thief = await keyPair('RS256')
  keys = (await server.ask('/jwks')).json<{ keys: JWK[] }>().keys
})
afterAll(() => server.stop())

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const ask = async (hint: string) => told(await askSilently(tokens.agent, web, { id_token_hint: hint }))

async function expectRefused(hint: string): Promise<void> {
  const answer = await ask(hint)
  expect(answer).not.toHaveProperty('code')
  expect(answer['error']).toMatch(/^(invalid_request|login_required)$/)
}

describe('an id_token_hint', () => {
  test('that we issued is taken, so that the refusals below mean something (KY-02)', async () => {
    expect(await ask(tokens.id_token)).toHaveProperty('code')
  })

  test.each(['none', 'None', 'NONE', 'nOnE', 'nonE', ''])(
    'with alg "%s" is refused (KY-02, RFC 8725 §3.2, CVE-2020-28042)',
    async (alg) => {
      const [, payload = '', signature = ''] = tokens.id_token.split('.')
      for (const header of [{ alg }, { alg, typ: 'JWT' }, { alg, kid: keys[0]?.kid }])
        for (const end of ['', signature]) await expectRefused(`${encode(header)}.${payload}.${end}`)
    },
  )

  test.each(['HS256', 'HS384', 'HS512'])(
    'signed %s with our public key as the secret is refused (KY-02, RFC 8725 §2.1, CVE-2015-9235)',
    async (alg) => {
      const [, payload = ''] = tokens.id_token.split('.')
      for (const key of keys) {
        const secrets = [
          JSON.stringify(key),
          key.n ?? key.x ?? '',
          pem(key),
          `${pem(key)}\n`,
          web.secret,
          web.id,
        ]
        for (const secret of secrets) {
          const input = `${encode({ alg, kid: key.kid })}.${payload}`
          const mac = createHmac(`sha${alg.slice(2)}`, secret)
            .update(input)
            .digest('base64url')
          await expectRefused(`${input}.${mac}`)
        }
      }
    },
  )

  test('that brings its own key, or says where to find it, is refused (KY-02, RFC 8725 §3.10)', async () => {
    const claims = claimsOf(tokens.id_token)
    for (const header of [
      { jwk: thief.publicJwk },
      { jku: 'http://127.0.0.1:9/jwks', kid: 'key-1' },
      { x5u: 'http://127.0.0.1:9/cert' },
      { x5c: ['MIIB'] },
      { kid: '../../../../../../dev/null' },
      { kid: '/dev/null' },
      { kid: "' UNION SELECT 'x' --" },
      { kid: 'x\0' },
      { kid: keys.find(({ alg }) => alg === 'RS256')?.kid },
      { kid: '__proto__' },
      { crit: ['exp'], exp: 1 },
    ])
      await expectRefused(
        await new SignJWT(claims)
          .setProtectedHeader({ alg: 'RS256', ...header } as never)
          .sign(thief.privateKey, { crit: { exp: true } }),
      )
  })

  test('with other claims under our signature is refused (KY-02, TO-06)', async () => {
    const [header = '', , signature = ''] = tokens.id_token.split('.')
    await expectRefused(
      `${header}.${encode({ ...claimsOf(tokens.id_token), exp: 9_999_999_999 })}.${signature}`,
    )
  })
})

function pem(key: JWK): string {
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
}
