import { describe, expect, test } from '@jest/globals'
import { randomSecret } from '../../../src/crypto/index.ts'
import { configOf, problemsOf, production } from './environment.ts'

const about = (variable: string): object => expect.objectContaining({ variable })

describe('in production', () => {
  test('takes a sound environment', () => {
    const config = configOf(production)
    expect(config).toMatchObject({
      mode: 'production',
      issuer: 'https://id.example.com',
      listen: { host: '0.0.0.0' },
    })
    expect(config.keys.keyring).toHaveLength(1)
  })

  test.each(['CARDEA_ISSUER', 'CARDEA_KEYRING', 'CARDEA_COOKIE_KEYS', 'DATABASE_URL'])(
    'refuses to start without %s',
    (name) => {
      expect(problemsOf({ ...production, [name]: undefined })).toEqual([about(name)])
    },
  )

  test('names everything that is missing at once', () => {
    const problems = problemsOf({}, { defaultMode: 'production' })
    expect(problems.map(({ variable }) => variable)).toEqual([
      'CARDEA_KEYRING',
      'CARDEA_COOKIE_KEYS',
      'CARDEA_ISSUER',
      'DATABASE_URL',
    ])
  })

  test('runs on the embedded PostgreSQL only when asked to by name', () => {
    const env = { ...production, DATABASE_URL: undefined, CARDEA_EMBEDDED_POSTGRES: 'true' }
    expect(configOf(env).database.url).toBeUndefined()
  })

  test('keeps the door open for half of the time to stop at most, and says so (FT-08)', () => {
    const timeout = { ...production, CARDEA_SHUTDOWN_TIMEOUT: '1000' }
    expect(problemsOf({ ...timeout, CARDEA_SHUTDOWN_DELAY: '501' })).toEqual([about('CARDEA_SHUTDOWN_DELAY')])
    expect(problemsOf(timeout)).toEqual([about('CARDEA_SHUTDOWN_DELAY')])
    expect(configOf({ ...timeout, CARDEA_SHUTDOWN_DELAY: '500' }).http.shutdownDelayMs).toBe(500)
  })

  test('refuses an http issuer unless it is loopback', () => {
    expect(problemsOf({ ...production, CARDEA_ISSUER: 'http://id.example.com' })).toEqual([
      about('CARDEA_ISSUER'),
    ])
    for (const issuer of ['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000']) {
      expect(configOf({ ...production, CARDEA_ISSUER: issuer }).issuer).toBe(issuer)
    }
    const lookalikes = [
      'http://localhost.evil.example',
      'http://127.0.0.1.evil.example',
      'http://notlocalhost',
    ]
    for (const issuer of lookalikes) {
      expect(problemsOf({ ...production, CARDEA_ISSUER: issuer })).toEqual([about('CARDEA_ISSUER')])
    }
  })

  const base64url = (bytes: string | Iterable<number>): string =>
    Buffer.from(bytes as string).toString('base64url')
  test.each([
    ['short', randomSecret(31)],
    ['all the same byte', base64url(Array<number>(32).fill(0x41))],
    ['a repeated pattern', base64url(Array.from({ length: 32 }, (_, i) => [1, 200, 77][i % 3] ?? 0))],
    ['a sequence', base64url(Array.from({ length: 32 }, (_, i) => i * 7))],
    ['readable text', base64url('the quick brown fox jumps over it')],
    ['a placeholder', `changeme${randomSecret().slice(8)}`],
    ['not base64url', 'p@ssword p@ssword'],
  ])('refuses a key that is %s', (_, key) => {
    expect(problemsOf({ ...production, CARDEA_COOKIE_KEYS: key })).toContainEqual(about('CARDEA_COOKIE_KEYS'))
    expect(problemsOf({ ...production, CARDEA_KEYRING: key })).toContainEqual(about('CARDEA_KEYRING'))
  })

  test('judges older keys as strictly as the newest', () => {
    const env = { ...production, CARDEA_KEYRING: `${randomSecret()},${base64url(Array<number>(32).fill(0))}` }
    expect(problemsOf(env)).toEqual([{ ...problemsOf(env)[0], problem: 'key 2 repeats itself' }])
  })

  test('refuses one key for two purposes', () => {
    const env = { ...production, CARDEA_COOKIE_KEYS: production['CARDEA_KEYRING'] }
    expect(problemsOf(env)).toEqual([about('CARDEA_COOKIE_KEYS')])
  })

  test('takes random keys without ever mistaking one for a weak one', () => {
    for (let round = 0; round < 500; round++) {
      expect(
        problemsOf({ ...production, CARDEA_KEYRING: randomSecret(), CARDEA_COOKIE_KEYS: randomSecret(64) }),
      ).toEqual([])
    }
  })
})
