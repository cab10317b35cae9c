import { createHash, pbkdf2Sync, scryptSync } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import bcrypt from 'bcryptjs'
import { createPasswordHasher } from '../../../src/users/hasher.ts'
import { readOldHash } from '../../../src/users/old-hashes/old-hash.ts'

const hasher = createPasswordHasher({ concurrency: 2, queue: 100 })
const b64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
const hex = (text: string) => Buffer.from(text, 'hex')
const rfc7914 = hex(
  'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
)
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const own = 'seven quiet otters knitting'

const published: [string, string, string][] = [
  ['jBCrypt', 'abc', '$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'],
  ['jBCrypt as PHP', 'a', '$2y$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe'],
  [
    'RFC 6070',
    'password',
    `$pbkdf2$4096$${b64(Buffer.from('salt'))}$${b64(hex('4b007901b765489abead49d926f721d065a429c1'))}`,
  ],
  ['RFC 7914', 'password', `$scrypt$ln=10,r=8,p=16$${b64(Buffer.from('NaCl'))}$${b64(rfc7914)}`],
  ['RFC 7914 as Django', 'password', `scrypt$1024$NaCl$8$16$${rfc7914.toString('base64')}`],
  [
    'passlib',
    'password',
    '$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44',
  ],
  ['Django', 'lètmein', 'pbkdf2_sha256$390000$seasalt$8xBlGd3jVgvJ+92hWPxi5ww0uuAuAnKgC45eudxro7c='],
  ['Django', 'lètmein', 'pbkdf2_sha1$390000$seasalt$OPAkdjM5tm2s2uG9D0hWz+/Zef0='],
  [
    'Django',
    'lètmein',
    'scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==',
  ],
  [
    'Argon2',
    'password',
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  ],
  [
    'Argon2',
    'password',
    '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
  ],
  [
    'Argon2 as Django',
    'password',
    'argon2$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
  ],
]

const computed: [string, string, string][] = [
  ['bcrypt', own, bcrypt.hashSync(own, 5)],
  ['bcrypt as Django', own, `bcrypt$${bcrypt.hashSync(own, 5)}`],
  ['bcrypt_sha256', own, `bcrypt_sha256$${bcrypt.hashSync(sha256(own), 5)}`],
  [
    'pbkdf2-sha512',
    own,
    `$pbkdf2-sha512$i=1000,l=64$${b64(Buffer.alloc(16, 7))}$${b64(pbkdf2Sync(own, Buffer.alloc(16, 7), 1000, 64, 'sha512'))}`,
  ],
  [
    'scrypt',
    own,
    `$scrypt$ln=12,r=8,p=1$${b64(Buffer.alloc(16, 9))}$${b64(scryptSync(own, Buffer.alloc(16, 9), 32, { N: 4096, r: 8, p: 1 }))}`,
  ],
]

describe('a hash of another system', () => {
  test.each([...published, ...computed])(
    'is known by its own password and no other: %s (PW-03)',
    async (...row) => {
      const [, password, hash] = row
      await expect(hasher.verify(hash, password)).resolves.toBe(true)
      await expect(hasher.verify(hash, `${password} `)).resolves.toBe(false)
      await expect(hasher.verify(hash, '')).resolves.toBe(false)
      await expect(hasher.verify(hash, hash)).resolves.toBe(false)
    },
  )

  test.each([...published, ...computed].filter(([, , hash]) => !hash.startsWith('$argon2id')))(
    'asks to be replaced: %s',
    (_name, _password, hash) => {
      expect(hasher.needsRehash(hash)).toBe(true)
    },
  )

  test('may be one of ours, from another server', async () => {
    const hash = await hasher.hash(own)
    expect(readOldHash(hash)).toMatchObject({
      ok: true,
      hash: { kind: 'argon2', memoryKiB: 19_456, passes: 2 },
    })
    expect(hasher.needsRehash(hash)).toBe(false)
  })

  test('is known by the password as it was typed there, in whatever form of Unicode (PW-03)', async () => {
    const composed = bcrypt.hashSync('Zo\u00eb rides', 4)
    const decomposed = bcrypt.hashSync('Zoe\u0308 rides', 4)
    await expect(hasher.verify(composed, 'Zoe\u0308 rides')).resolves.toBe(true)
    await expect(hasher.verify(decomposed, 'Zoe\u0308 rides')).resolves.toBe(true)
    await expect(hasher.verify(decomposed, 'zoe\u0308 rides')).resolves.toBe(false)
  })

  test.each([
    ['', 'unsupported'],
    ['5f4dcc3b5aa765d61d8327deb882cf99', 'unsupported'],
    ['md5$salt$67a1e09bb1f83f5007dc119c14d663aa', 'unsupported'],
    ['$2x$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i', 'unsupported'],
    ['$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i\n', 'unsupported'],
    ['!J3kd92kfsdlfk', 'unsupported'],
    // PostgreSQL keeps neither in JSON, and the import hands over many users at once in it.
    [`pbkdf2_sha256$1000$sa\0lt$${'A'.repeat(44)}`, 'unsupported'],
    [`scrypt$16384$sa\ud800lt$8$1$${'A'.repeat(88)}`, 'unsupported'],
    [`$pbkdf2-sha256$1000$c2FsdHNhbHQ$${'A'.repeat(2000)}`, 'unsupported'],
    ['$2a$03$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i', 'too_costly'],
    ['$2a$15$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i', 'too_costly'],
    ['$2a$31$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i', 'too_costly'],
    [`pbkdf2_sha256$9999999999$salt$${b64(Buffer.alloc(32))}=`, 'too_costly'],
    [`pbkdf2_sha256$0$salt$${b64(Buffer.alloc(32))}=`, 'too_costly'],
    [`pbkdf2_sha1$1500000$salt$${b64(Buffer.alloc(100))}`, 'too_costly'],
    [`pbkdf2_sha256$1000$salt$${b64(Buffer.alloc(8))}`, 'too_costly'],
    [`$scrypt$ln=30,r=8,p=1$c2FsdA$${b64(Buffer.alloc(32))}`, 'too_costly'],
    [`$scrypt$ln=17,r=8,p=64$c2FsdA$${b64(Buffer.alloc(32))}`, 'too_costly'],
    [`scrypt$16383$salt$8$1$${b64(Buffer.alloc(32))}`, 'too_costly'],
    [`$argon2i$v=19$m=4194304,t=1,p=1$c29tc2FsdDEx$${b64(Buffer.alloc(32))}`, 'too_costly'],
    [`$argon2d$v=19$m=65536,t=1000,p=1$c29tc2FsdDEx$${b64(Buffer.alloc(32))}`, 'too_costly'],
    [`$argon2i$v=19$m=65536,m=65536,p=1$c29tc2FsdDEx$${b64(Buffer.alloc(32))}`, 'too_costly'],
    [`$argon2i$v=19$m=8,t=1,p=200$c29tc2FsdDEx$${b64(Buffer.alloc(32))}`, 'too_costly'],
  ])('%j is %s, and lets nobody in', async (hash, reason) => {
    expect(readOldHash(hash)).toEqual({ ok: false, reason })
    await expect(hasher.verify(hash, hash)).resolves.toBe(false)
  })

  test('is compared while the process goes on answering', async () => {
    const hash = bcrypt.hashSync(own, 12)
    const before = performance.eventLoopUtilization()
    const checks = await Promise.all([own, 'x', 'y', own].map((password) => hasher.verify(hash, password)))
    expect(checks).toEqual([true, false, false, true])
    // Compared in this thread, whole or in slices, it would be nearly 1.
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.4)
  })
})
