import { describe, expect, test } from '@jest/globals'
import { randomSecret } from '../../../src/crypto/index.ts'
import { configOf, problemsOf, production } from './environment.ts'

const about = (variable: string): object => expect.objectContaining({ variable })

function expectRefused(variable: string, value: string): void {
  const env = { ...production, [variable]: value }
  expect(problemsOf(env)).toContainEqual(about(variable))
}

describe('in development', () => {
  test('needs nothing and says where everything is', () => {
    expect(configOf({})).toMatchObject({
      mode: 'development',
      issuer: 'http://localhost:3000',
      listen: { host: '127.0.0.1', port: 3000 },
      ops: { host: '127.0.0.1', port: 3001 },
      workers: 1,
      samplePort: 3100,
      dataDir: '.cardea',
      logLevel: 'info',
      tracing: null,
      database: { url: undefined, directUrl: undefined, poolMax: 10, statementTimeoutMs: 3000 },
      keys: { keyring: undefined, cookie: undefined },
      http: {
        trustedProxies: [],
        requestTimeoutMs: 10_000,
        shutdownTimeoutMs: 12_000,
        shutdownDelayMs: 0,
      },
      outbound: { allowHosts: [], allowNetworks: [] },
      sessions: { idleSeconds: 3600, absoluteSeconds: 86_400 },
      tokens: {
        accessSeconds: 600,
        refreshIdleSeconds: 1_209_600,
        refreshAbsoluteSeconds: 7_776_000,
        refreshRetryWindowSeconds: 10,
      },
      secondFactor: { totp: 'required' },
      passwords: {
        ...{ memoryKiB: 19_456, passes: 2, parallelism: 1, concurrency: 0 },
        ...{ leastScore: 2, breached: { by: 'off' } },
      },
      limits: { signInStartsPerMinute: 120 },
    })
  })

  test('the issuer follows the port', () => {
    expect(configOf({ CARDEA_PORT: '8080' }).issuer).toBe('http://localhost:8080')
  })

  test('reads keys newest first when they are given', () => {
    const [newer, older, cookie] = [randomSecret(), randomSecret(), randomSecret(48)]
    const { keys } = configOf({ CARDEA_KEYRING: `${newer},${older}`, CARDEA_COOKIE_KEYS: cookie })
    expect(keys.keyring?.map((key) => key.toString('base64url'))).toEqual([newer, older])
    expect(keys.cookie?.map((key) => key.byteLength)).toEqual([48])
  })
})

describe('the Config', () => {
  test('is frozen to the last field', () => {
    const config = configOf({ CARDEA_TRUSTED_PROXIES: '10.0.0.0/8' })
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.tokens)).toBe(true)
    expect(Object.isFrozen(config.http.trustedProxies)).toBe(true)
  })

  test('sorts what outgoing requests may reach into names and networks', () => {
    expect(configOf({ CARDEA_OUTBOUND_ALLOW: 'RP.internal, 10.1.0.0/16 ::1' }).outbound).toEqual({
      allowHosts: ['rp.internal'],
      allowNetworks: ['10.1.0.0/16', '::1'],
    })
  })
})

describe('where leaked passwords are looked up', () => {
  test.each([
    ['off', { by: 'off' }],
    ['https://leaks.example/range', { by: 'range', url: 'https://leaks.example/range/' }],
    ['https://leaks.example/range/', { by: 'range', url: 'https://leaks.example/range/' }],
    ['http://127.0.0.1:8080', { by: 'range', url: 'http://127.0.0.1:8080/' }],
    ['/var/lib/cardea/pwned.txt', { by: 'file', path: '/var/lib/cardea/pwned.txt' }],
    ['pwned.txt', { by: 'file', path: 'pwned.txt' }],
  ])('%s', (text, breached) => {
    expect(configOf({ CARDEA_BREACHED_PASSWORDS: text }).passwords.breached).toEqual(breached)
  })

  test.each([
    'http://leaks.example/range/',
    'ftp://leaks.example/',
    'https://leaks.example/?q=',
    'https://u:p@leaks.example/',
    'https://',
  ])('is not %s', (text) => {
    expect(problemsOf({ CARDEA_BREACHED_PASSWORDS: text })).toEqual([about('CARDEA_BREACHED_PASSWORDS')])
  })

  test.each(['-1', '5', '2.5', 'strong'])('a least score of %s is refused', (text) => {
    expect(problemsOf({ CARDEA_PASSWORD_SCORE: text })).toEqual([about('CARDEA_PASSWORD_SCORE')])
  })
})

describe('reading the environment', () => {
  test('reports every problem at once, each with a remedy', () => {
    const env = {
      CARDEA_PORT: 'abc',
      CARDEA_TOTP_POLICY: 'sometimes',
      CARDEA_ISSUR: 'x',
      CARDEA_DATABASE_POOL: '0',
    }
    const problems = problemsOf(env)
    expect(problems.map(({ variable }) => variable).sort()).toEqual(Object.keys(env).sort())
    expect(problems.every(({ problem, remedy }) => problem !== '' && remedy !== '')).toBe(true)
  })

  test('takes a number of workers or auto, and in development no more than one', () => {
    for (const text of ['0', '-1', 'many', '2.5', '257'])
      expect(problemsOf({ CARDEA_WORKERS: text })).toEqual([about('CARDEA_WORKERS')])
    expect(problemsOf({ CARDEA_WORKERS: 'auto' })).toEqual([about('CARDEA_WORKERS')])
    expect(configOf({ CARDEA_WORKERS: '1' }).workers).toBe(1)
  })

  test('takes a way past the pooler only beside the pooler', () => {
    const CARDEA_DIRECT_DATABASE_URL = 'postgresql://u@primary/cardea'
    expect(problemsOf({ CARDEA_DIRECT_DATABASE_URL })).toEqual([about('CARDEA_DIRECT_DATABASE_URL')])
    const pooled = { CARDEA_DIRECT_DATABASE_URL, DATABASE_URL: 'postgresql://u@pooler/cardea' }
    expect(configOf(pooled).database.directUrl).toBe(CARDEA_DIRECT_DATABASE_URL)
  })

  test('counts an empty value as unset', () => {
    expect(configOf({ CARDEA_PORT: '', CARDEA_ISSUER: '  ', CARDEA_NONSENSE: '' }).listen.port).toBe(3000)
  })

  test('refuses a CARDEA_ variable it does not know and guesses the one that was meant', () => {
    expect(problemsOf({ CARDEA_TRUSTED_PROXY: '10.0.0.1' })).toEqual([
      {
        variable: 'CARDEA_TRUSTED_PROXY',
        problem: 'is not a setting of Cardea',
        remedy: expect.stringContaining('CARDEA_TRUSTED_PROXIES?'),
      },
    ])
    expect(problemsOf({ CARDEA_XYZZY: '1' })[0]?.remedy).toBe('Remove it')
  })

  test('explains the variables Kubernetes makes for a Service named cardea', () => {
    const [problem] = problemsOf({ CARDEA_SERVICE_HOST: '10.0.0.7' })
    expect(problem?.remedy).toContain('enableServiceLinks')
  })

  test('shows a bad value, but never a secret one', () => {
    expect(problemsOf({ CARDEA_PORT: 'eighty' })[0]?.problem).toContain('"eighty"')
    const secrets = {
      DATABASE_URL: 'mysql://u:hunter2@h/d',
      CARDEA_KEYRING: 'hunter2!',
      CARDEA_COOKIE_KEYS: 'hunter2',
    }
    const problems = problemsOf(secrets)
    expect(problems).toHaveLength(3)
    expect(JSON.stringify(problems)).not.toContain('hunter2')
  })

  test.each([
    ['CARDEA_SESSION_IDLE', { CARDEA_SESSION_IDLE: '7200', CARDEA_SESSION_ABSOLUTE: '3600' }],
    [
      'CARDEA_REFRESH_TOKEN_IDLE',
      { CARDEA_REFRESH_TOKEN_IDLE: '7200', CARDEA_REFRESH_TOKEN_ABSOLUTE: '3600' },
    ],
    ['CARDEA_DATABASE_TIMEOUT', { CARDEA_DATABASE_TIMEOUT: '5000', CARDEA_REQUEST_TIMEOUT: '5000' }],
    ['CARDEA_OPS_PORT', { CARDEA_PORT: '4000', CARDEA_OPS_PORT: '4000' }],
  ])('refuses settings that contradict each other: %s', (variable, env) => {
    expect(problemsOf(env)).toEqual([about(variable)])
  })

  test.each([
    ['CARDEA_ARGON2_MEMORY_KIB', '19455'],
    ['CARDEA_ARGON2_PASSES', '1'],
  ])('refuses password hashing cheaper than the least: %s=%s (PW-03)', expectRefused)

  test.each([
    ['CARDEA_ISSUER', 'https://id.example.com/'],
    ['CARDEA_ISSUER', 'https://id.example.com/auth/'],
    ['CARDEA_ISSUER', 'https://id.example.com?a'],
    ['CARDEA_ISSUER', 'https://id.example.com#'],
    ['CARDEA_ISSUER', 'https://ID.example.com'],
    ['CARDEA_ISSUER', 'https://id.example.com:443'],
    ['CARDEA_ISSUER', 'https://me@id.example.com'],
    ['CARDEA_ISSUER', 'id.example.com'],
    ['CARDEA_ISSUER', 'ftp://id.example.com'],
  ])('refuses %s=%s (RFC 8414 §2)', expectRefused)

  test.each([
    ['CARDEA_PORT', '65536'],
    ['CARDEA_PORT', '-1'],
    ['CARDEA_ACCESS_TOKEN_TTL', '600s'],
    ['CARDEA_ACCESS_TOKEN_TTL', '1e3'],
    ['CARDEA_HOST', '3000'],
    ['CARDEA_MODE', 'prod'],
    ['CARDEA_EMBEDDED_POSTGRES', 'yes'],
    ['CARDEA_TRUSTED_PROXIES', '0.0.0.0/0'],
    ['CARDEA_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['CARDEA_TRUSTED_PROXIES', 'proxy.internal'],
    ['CARDEA_OUTBOUND_ALLOW', 'rp_internal'],
    ['DATABASE_URL', 'postgresql://db'],
  ])('refuses %s=%s', expectRefused)
})

describe('a value in a file', () => {
  const files = new Map([
    ['/run/secrets/db', 'postgresql://cardea:pw@db/cardea\n'],
    ['/run/secrets/empty', '\n'],
  ])
  const readFile = (path: string): string => {
    const content = files.get(path)
    if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    return content
  }

  test('is read through NAME_FILE, without its line end', () => {
    const config = configOf({ DATABASE_URL_FILE: '/run/secrets/db' }, { readFile })
    expect(config.database.url).toBe('postgresql://cardea:pw@db/cardea')
  })

  test('is refused beside the value itself', () => {
    const env = { DATABASE_URL: 'postgresql://other/db', DATABASE_URL_FILE: '/run/secrets/db' }
    expect(problemsOf(env, { readFile })).toEqual([about('DATABASE_URL_FILE')])
  })

  test.each(['/run/secrets/absent', '/run/secrets/empty'])(
    'is reported once when it is not there: %s',
    (path) => {
      const env = { ...production, CARDEA_KEYRING: '', CARDEA_KEYRING_FILE: path }
      expect(problemsOf(env, { readFile })).toEqual([about('CARDEA_KEYRING_FILE')])
    },
  )
})

test('knows places only where a file of them is named', () => {
  expect(configOf({}).geoDatabase).toBeUndefined()
  expect(configOf({ CARDEA_GEO_DATABASE: '/var/lib/geo/city.mmdb' }).geoDatabase).toBe(
    '/var/lib/geo/city.mmdb',
  )
})
