import { createHash, pbkdf2Sync, scryptSync } from 'node:crypto'
import bcrypt from 'bcryptjs'

/** What people of the exports below sign in with. Hashed here by Node and bcryptjs, never by what is tested. */
export const PASSWORD = 'seven quiet otters knitting'
export const SEED = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

const salt = Buffer.from('0123456789abcdef')
const b64 = (bytes: Buffer) => bytes.toString('base64')
const credential = (data: object, secret: object) => ({
  credentialData: JSON.stringify(data),
  secretData: JSON.stringify(secret),
})

/** `kc.sh export --users same_file`: a realm, its users among other things. */
export function keycloakRealm(): object {
  const pbkdf2 = (digest: string, iterations: number, length: number) => ({
    type: 'password',
    ...credential(
      {
        hashIterations: iterations,
        algorithm: digest === 'sha1' ? 'pbkdf2' : `pbkdf2-${digest}`,
        additionalParameters: {},
      },
      {
        value: b64(pbkdf2Sync(PASSWORD, salt, iterations, length, digest)),
        salt: b64(salt),
        additionalParameters: {},
      },
    ),
  })
  const otp = (data: object, value: string) => ({
    type: 'otp',
    userLabel: 'phone',
    ...credential(
      { subType: 'totp', digits: 6, counter: 0, period: 30, algorithm: 'HmacSHA1', ...data },
      { value },
    ),
  })
  const user = (name: string, credentials: object[], rest: object = {}) => ({
    id: `0d4c1d3e-0000-4000-8000-0000000000${name.length.toString().padStart(2, '0')}`,
    username: name,
    firstName: name,
    lastName: 'Éxample',
    email: `${name}@keycloak.test`,
    emailVerified: true,
    enabled: true,
    credentials,
    ...rest,
  })
  return {
    realm: 'shop',
    note: 'brackets ]} in "users": [ text do not end anything, nor does \\',
    roles: { users: [{ name: 'not a user' }], realm: [{ name: 'users' }] },
    users: [
      user('a', [pbkdf2('sha512', 2100, 64)]),
      user('bb', [pbkdf2('sha256', 2750, 64), otp({ secretEncoding: 'BASE32' }, SEED)], {
        attributes: { locale: ['de'] },
      }),
      user('ccc', [pbkdf2('sha1', 2000, 64)], { enabled: false }),
      user('dddd', [
        {
          type: 'password',
          ...credential(
            {
              hashIterations: 2,
              algorithm: 'argon2',
              additionalParameters: {
                hashLength: ['32'],
                memory: ['65536'],
                type: ['id'],
                version: ['1.3'],
                parallelism: ['1'],
              },
            },
            // The published vector of Argon2: "password", "somesalt".
            { value: 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc=', salt: 'c29tZXNhbHQ=' },
          ),
        },
        otp({ digits: 8 }, 'whatever it may be'),
      ]),
      user('service-account-shop', [], { serviceAccountClientId: 'shop', email: undefined }),
      user('noaddress', [], { email: undefined }),
    ],
    clients: [{ clientId: 'shop', users: [{ email: 'nobody@keycloak.test' }] }],
  }
}

/** One user a line, as Auth0 hands out password hashes, and two as its own import takes them. */
export function auth0Lines(): object[] {
  return [
    {
      _id: { $oid: '60425dc43519d90068f82973' },
      email_verified: true,
      email: 'Ada@auth0.test',
      passwordHash: bcrypt.hashSync(PASSWORD, 5),
      tenant: 'dev',
      connection: 'users',
    },
    {
      email: 'ben@auth0.test',
      email_verified: false,
      name: 'Ben',
      password_hash: bcrypt.hashSync(PASSWORD, 4),
      mfa_factors: [{ totp: { secret: SEED } }],
    },
    {
      email: 'ken@auth0.test',
      custom_password_hash: { algorithm: 'scrypt', hash: { value: scryptPhc(), encoding: 'utf8' } },
    },
    {
      email: 'md5@auth0.test',
      custom_password_hash: { algorithm: 'md5', hash: { value: '5f4dcc3b5aa765d61d8327deb882cf99' } },
    },
  ]
}

/** `manage.py dumpdata auth.user otp_totp`. */
export function djangoDump(): object[] {
  const user = (pk: number, name: string, password: string, rest: object = {}) => ({
    model: 'auth.user',
    pk,
    fields: {
      username: name,
      first_name: name,
      last_name: '',
      email: `${name}@django.test`,
      password,
      is_active: true,
      is_staff: false,
      is_superuser: false,
      ...rest,
    },
  })
  const device = (owner: unknown, rest: object = {}) => ({
    model: 'otp_totp.totpdevice',
    pk: 1,
    fields: {
      user: owner,
      name: 'default',
      confirmed: true,
      key: Buffer.from('12345678901234567890').toString('hex'),
      step: 30,
      t0: 0,
      digits: 6,
      ...rest,
    },
  })
  const pbkdf2 = `pbkdf2_sha256$1000$seasalt$${b64(pbkdf2Sync(PASSWORD, 'seasalt', 1000, 32, 'sha256'))}`
  const sha256 = createHash('sha256').update(PASSWORD).digest('hex')
  return [
    device(1),
    { model: 'contenttypes.contenttype', pk: 1, fields: { app_label: 'auth', model: 'user' } },
    user(1, 'pia', pbkdf2),
    user(2, 'bo', `bcrypt_sha256$${bcrypt.hashSync(sha256, 4)}`, { is_superuser: true }),
    user(
      3,
      'sam',
      `scrypt$1024$seasalt$8$1$${b64(scryptSync(PASSWORD, 'seasalt', 64, { N: 1024, r: 8, p: 1 }))}`,
    ),
    user(4, 'none', '!Zz0Unusable'),
    user(5, 'old', 'sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8', { is_active: false }),
    device(['sam'], { name: 'sam’s phone' }),
    device(4, { digits: 8 }),
    device(5, { confirmed: false }),
  ]
}

function scryptPhc(): string {
  const plain = (bytes: Buffer) => b64(bytes).replaceAll('=', '')
  return `$scrypt$ln=10,r=8,p=1$${plain(salt)}$${plain(scryptSync(PASSWORD, salt, 32, { N: 1024, r: 8, p: 1 }))}`
}
