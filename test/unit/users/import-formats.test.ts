import { describe, expect, test } from '@jest/globals'
import { createPasswordHasher, importFormats } from '../../../src/users/index.ts'
import type { ImportFormatName } from '../../../src/users/index.ts'
import { auth0Lines, djangoDump, keycloakRealm, PASSWORD, SEED } from '../../support/imports/exports.ts'

const hasher = createPasswordHasher({ concurrency: 1, queue: 50 })

function readAll(name: ImportFormatName, records: unknown[]) {
  const { gather, read } = importFormats[name]()
  for (const record of records) gather?.(record)
  return records.map(read).filter((found) => found !== null)
}

const usersOf = (found: ReturnType<typeof readAll>) => found.flatMap((each) => (each.ok ? [each.user] : []))
const refusalsOf = (found: ReturnType<typeof readAll>) =>
  found.flatMap((each) => (each.ok ? [] : [each.reason]))

describe('a realm of Keycloak', () => {
  const found = readAll('keycloak', (keycloakRealm() as { users: unknown[] }).users)
  const [a, b, c, d] = usersOf(found)

  test('gives people their subject, address, name, language and state', () => {
    expect(a).toMatchObject({
      id: '0d4c1d3e-0000-4000-8000-000000000001',
      email: 'a@keycloak.test',
      emailVerified: true,
      name: 'a Éxample',
      locale: null,
      disabled: false,
      totp: [],
      warnings: [],
    })
    expect(b).toMatchObject({ locale: 'de', totp: [{ secret: SEED, name: 'phone' }] })
    expect(c).toMatchObject({ disabled: true })
    expect(refusalsOf(found)).toEqual(['service_account', 'no_email'])
  })

  test('gives their hashes so that the same password makes them', async () => {
    for (const user of [a, b, c])
      await expect(hasher.verify(user?.passwordHash ?? '', PASSWORD)).resolves.toBe(true)
    await expect(hasher.verify(d?.passwordHash ?? '', 'password')).resolves.toBe(true)
  })

  test('leaves an authenticator of eight digits behind, and says so', () => {
    expect(d).toMatchObject({ totp: [], warnings: ['factor_unsupported'] })
  })

  test('takes a seed for the bytes of its text where it is not marked as base32', () => {
    const otp = {
      type: 'otp',
      credentialData: '{"subType":"totp","digits":6,"period":30,"algorithm":"HmacSHA1"}',
      secretData: '{"value":"12345678901234567890"}',
    }
    const [user] = usersOf(readAll('keycloak', [{ email: 'x@y.test', credentials: [otp] }]))
    // RFC 6238 appendix B.
    expect(user?.totp).toEqual([{ secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', name: null }])
  })
})

describe('second factors of Keycloak that cannot be taken along', () => {
  const otp = {
    type: 'otp',
    credentialData: '{"subType":"totp","digits":6,"period":30,"algorithm":"HmacSHA1"}',
    secretData: '{"value":"12345678901234567890"}',
  }
  const read = (types: string[], requiredActions: string[] = [], more: object[] = []) => {
    const credentials = [...types.map((type) => ({ type, credentialData: '{}', secretData: '{}' })), ...more]
    const [user] = usersOf(readAll('keycloak', [{ email: 'x@y.test', credentials, requiredActions }]))
    return [user?.mustEnrolFactor, user?.warnings.filter((warning) => warning !== 'no_password')]
  }

  test.each(['webauthn', 'webauthn-passwordless', 'recovery-authn-codes', 'sms-of-some-extension'])(
    '%s is told of, and another must be set up',
    (type) => {
      expect(read([type])).toEqual([true, ['factor_unsupported']])
    },
  )

  test('each is told of; with an authenticator that came along, nothing must be set up', () => {
    const types = ['webauthn', 'recovery-authn-codes']
    expect(read(types)).toEqual([true, ['factor_unsupported', 'factor_unsupported']])
    expect(read(types, [], [otp])).toEqual([false, ['factor_unsupported', 'factor_unsupported']])
  })

  test('old passwords are none, and whoever had none need not have one', () => {
    expect(read(['password-history'])).toEqual([false, []])
  })

  test('what was to be done at the next sign-in is told of, and a second factor that was to be set up must be', () => {
    expect(read([], ['UPDATE_PASSWORD', 'TERMS_AND_CONDITIONS'])).toEqual([false, ['action_dropped']])
    expect(read([], ['CONFIGURE_TOTP'])).toEqual([true, []])
    expect(read([], ['webauthn-register', 'VERIFY_EMAIL'])).toEqual([true, ['action_dropped']])
    expect(read([], ['CONFIGURE_TOTP'], [otp])).toEqual([false, []])
  })
})

describe('second factors of others that cannot be taken along', () => {
  test.each([
    ['auth0', { email: 'x@y.test', mfa_factors: [{ phone: { value: '+1' } }] }, true],
    ['auth0', { email: 'x@y.test', multifactor: ['guardian'] }, true],
    [
      'auth0',
      { email: 'x@y.test', multifactor: ['guardian'], mfa_factors: [{ totp: { secret: SEED } }] },
      false,
    ],
    ['auth0', { email: 'x@y.test', multifactor: [] }, false],
    ['cardea', { email: 'x@y.test', totp: [{ secret: '0189' }] }, true],
    ['cardea', { email: 'x@y.test', totp: [{ secret: '0189' }, { secret: SEED }] }, false],
  ] as const)('%s %j: must another be set up? %s', (format, record, must) => {
    expect(usersOf(readAll(format, [record]))[0]?.mustEnrolFactor).toBe(must)
  })

  test.each(['otp_static.staticdevice', 'otp_email.emaildevice', 'two_factor.phonedevice'])(
    'a %s of Django must be followed by another',
    (model) => {
      const user = { model: 'auth.user', pk: 1, fields: { email: 'x@y.test', username: 'x', password: '!' } }
      const device = { model, pk: 1, fields: { user: 1, confirmed: true } }
      const [found] = usersOf(readAll('django', [user, device]))
      expect([found?.mustEnrolFactor, found?.warnings]).toEqual([true, ['no_password', 'factor_unsupported']])
    },
  )
})

describe('an export of Auth0', () => {
  const users = usersOf(readAll('auth0', auth0Lines()))

  test('gives addresses, hashes and seeds', async () => {
    expect(users.map(({ email, emailVerified, name }) => [email, emailVerified, name])).toEqual([
      ['ada@auth0.test', true, null],
      ['ben@auth0.test', false, 'Ben'],
      ['ken@auth0.test', false, null],
      ['md5@auth0.test', false, null],
    ])
    for (const { passwordHash } of users.slice(0, 3))
      await expect(hasher.verify(passwordHash ?? '', PASSWORD)).resolves.toBe(true)
    expect(users[1]?.totp).toEqual([{ secret: SEED, name: null }])
    expect(users[3]).toMatchObject({ passwordHash: null, warnings: ['hash_unsupported'] })
  })

  test('with a salt added by hand is no hash that we can make', () => {
    const custom = {
      algorithm: 'pbkdf2',
      hash: { value: '$pbkdf2-sha256$i=1000,l=32$c2FsdHNhbHQ$' + 'A'.repeat(43) },
      salt: { value: 'x' },
    }
    const [user] = usersOf(readAll('auth0', [{ email: 'x@y.test', custom_password_hash: custom }]))
    expect(user).toMatchObject({ passwordHash: null, warnings: ['hash_unsupported'] })
  })
})

describe('a dump of Django', () => {
  const users = usersOf(readAll('django', djangoDump()))

  test('gives people and their authenticators, wherever in the dump these stand', async () => {
    expect(users.map(({ email }) => email)).toEqual(
      ['pia', 'bo', 'sam', 'none', 'old'].map((name) => `${name}@django.test`),
    )
    for (const { passwordHash } of users.slice(0, 3))
      await expect(hasher.verify(passwordHash ?? '', PASSWORD)).resolves.toBe(true)
    expect(users[0]?.totp).toEqual([{ secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', name: 'default' }])
    expect(users[2]?.totp).toEqual([{ secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', name: 'sam’s phone' }])
  })

  test('says what stays behind: roles, passwords that nobody has, hashes too weak to be taken', () => {
    expect(users.map(({ warnings }) => warnings)).toEqual([
      [],
      ['role_dropped'],
      [],
      ['no_password', 'factor_unsupported'],
      ['hash_unsupported'],
    ])
    expect(users.map(({ disabled }) => disabled)).toEqual([false, false, false, false, true])
    expect(users.every(({ emailVerified }) => !emailVerified)).toBe(true)
  })
})

describe('our own format', () => {
  test('takes what it says, and only what it can check', () => {
    const whole = {
      ...{ email: ' ADA@Example.test ', email_verified: true, name: 'Ada', locale: 'pt_BR', disabled: true },
      ...{ id: '0D4C1D3E-0000-4000-8000-0000000000AA', password_hash: '$2b$10$' + 'a'.repeat(53) },
      totp: [{ secret: 'jbsw y3dp ehpk 3pxp jbsw y3dp ehpk 3pxp', name: 'phone' }],
    }
    expect(usersOf(readAll('cardea', [whole]))).toEqual([
      {
        ...{ email: 'ada@example.test', emailVerified: true, name: 'Ada', locale: 'pt-BR', disabled: true },
        ...{ id: '0d4c1d3e-0000-4000-8000-0000000000aa', passwordHash: whole.password_hash },
        ...{ totp: [{ secret: SEED, name: 'phone' }], mustEnrolFactor: false, warnings: [] },
      },
    ])
  })

  test.each([
    [{ email: 'x@y.test', email_verified: 'true', password_hash: 7 }, ['hash_unsupported']],
    [{ email: 'x@y.test', password_hash: '$2b$31$' + 'a'.repeat(53) }, ['hash_too_costly']],
    [{ email: 'x@y.test', name: 'a\u0000b', id: 'auth0|1' }, ['name_dropped', 'no_password', 'id_replaced']],
    [
      {
        email: 'x@y.test',
        password_hash: null,
        totp: [{ secret: 'JBSWY3DPEHPK3PXP' }, { secret: '0189' }, 7],
      },
      ['no_password', 'factor_unsupported', 'factor_unsupported', 'factor_unsupported'],
    ],
  ])('leaves behind what it cannot take along: %j', (record, warnings) => {
    expect(usersOf(readAll('cardea', [record]))[0]).toMatchObject({
      warnings,
      emailVerified: false,
      totp: [],
    })
  })

  test.each([
    [undefined, 'not_a_user'],
    [null, 'not_a_user'],
    [[], 'not_a_user'],
    ['x@y.test', 'not_a_user'],
    [{}, 'no_email'],
    [{ email: 7 }, 'no_email'],
    [{ email: '  ' }, 'no_email'],
    [{ email: 'nobody' }, 'email_invalid'],
    [{ email: 'a\u0000@y.test' }, 'email_invalid'],
  ])('refuses %j as %s', (record, reason) => {
    for (const name of ['cardea', 'auth0', 'keycloak'] as const)
      expect(refusalsOf(readAll(name, [record]))).toEqual([reason])
  })
})
