import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { createLogger, openLog } from '../../../src/serve/logger.ts'
import { withoutSecrets } from '../../../src/serve/without-secrets.ts'

const secret = 'mS3cretValue0123456789'

test.each([
  ['a header', { headers: { authorization: `Bearer ${secret}`, cookie: `_session=${secret}` } }],
  ['headers as Node names them', { Authorization: secret, 'Set-Cookie': [`_session=${secret}; path=/`] }],
  ['a field of a form', { form: { code: secret, client_secret: secret, password: secret } }],
  ['a token, deep inside', { a: { b: [{ refresh_token: secret }, { accessToken: secret }] } }],
  ['an address', { url: `https://rp.example/cb?code=${secret}&state=x#access_token=${secret}` }],
  ['the password of an address', { url: `postgresql://cardea:${secret}@db/cardea` }],
  ['an error', { error: new TypeError(`no answer to Bearer ${secret}`, { cause: secret }) }],
  ['bytes', { key: Buffer.from(secret) }],
  ['what is too deep to look at', { a: { b: { c: { d: { e: { f: { g: secret } } } } } } }],
])('hides %s', (_what, fields) => {
  const line = JSON.stringify(withoutSecrets(fields))
  expect(line).toContain('[redacted]')
  expect(line).not.toContain(secret)
  expect(line).not.toContain(Buffer.from(secret).join())
})

test('leaves what operators need: ids, counts, exit codes, the codes of errors, sentences', () => {
  const line = {
    ...{ requestId: 'pK3q', route: '/token', status: 503, ms: 4, ip: '192.0.2.1', code: 1, tokens: 4 },
    ...{ error: { type: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 127.0.0.1:5432' } },
    ...{ kids: ['a', 'b'], issuer: 'https://id.example.com', at: new Date(0), none: null },
  }
  expect(withoutSecrets(line)).toEqual(line)
})

test('the log of the process passes through it, also at debug level', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'cardea-log-'))
  try {
    const log = openLog(join(dir, 'log'))
    const logger = createLogger({ logLevel: 'debug' }, log)
    const request = { headers: { authorization: `Bearer ${secret}`, cookie: secret, 'set-cookie': secret } }
    logger.debug({ ...request, code: secret, token: secret, request }, 'asked')
    logger.child({ part: 'x' }).error({ error: new Error(`code=${secret}`) }, 'failed')
    logger.error(new Error(`token=${secret}`))
    await log.close()
    const text = readFileSync(join(dir, 'log'), 'utf8')
    expect(text.trim().split('\n')).toHaveLength(3)
    expect(text).not.toContain(secret)
  } finally {
    rmSync(dir, { recursive: true })
  }
})
